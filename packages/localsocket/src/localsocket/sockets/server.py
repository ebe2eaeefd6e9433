"""A listening server: who is let in, what waits to be taken, and how it ends. Nothing here waits."""

from __future__ import annotations

import abc
import collections
import errno
import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Generic, Self, TypedDict, TypeVar, Unpack

from localsocket.deadlines import check_count
from localsocket.endpoint.address import Endpoint, parse_address
from localsocket.endpoint.admission import MAX_CONNECTIONS, Admission, ConnectionPlace
from localsocket.endpoint.credentials import SAME_USER, AllowedUsers, PeerCredentials
from localsocket.endpoint.fork_safety import close_in_forked_child, no_fork_meanwhile
from localsocket.endpoint.listener import Listener, adopt_listener, check_abstract, open_listener
from localsocket.errors import BrokenEndpoint, Busy, ClosedByUs, PeerRefused, TooManyConnections
from localsocket.forgotten import warn_forgotten
from localsocket.interfaces import DEFAULT_LIMITS, Limits
from localsocket.keywords import known_keywords
from localsocket.sockets.connection import Connection

logger = logging.getLogger("localsocket.sockets")

BACKLOG = 50
MAX_PENDING = 30

# So many peers are turned away in one go, lest a flood of them keeps a caller past its deadline, or a loop from its
# other connections.
_REFUSED_AT_ONCE = 64

# Seconds until accepting is tried again when the process or the system has no descriptor left.
EXHAUSTION_PAUSE = 0.1
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

Accepted = TypeVar("Accepted", bound=Connection)


class AdmissionOptions(TypedDict, total=False):
    """The keyword arguments that say who is let in and how much they may use; see listen()."""

    allow: AllowedUsers
    authorize: Callable[[PeerCredentials], bool] | None
    max_connections: int
    max_connections_per_user: int | None
    max_pending: int
    limits: Limits


class ListenOptions(AdmissionOptions, total=False):
    """The keyword arguments of listen()."""

    mode: int | None
    backlog: int
    take_over_stale: bool


@dataclass(frozen=True, slots=True)
class ServerStats:
    """Numbers of one server: connections that are open, accepted and not yet taken, and turned away since the start."""

    open_connections: int
    pending_connections: int
    refused_connections: int

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


class Server(abc.ABC, Generic[Accepted]):
    """What every listening server can do at once, from any thread; a face makes its sockets and waits for them."""

    _is_owned = False
    """Whether what serves it tells that it was forgotten."""

    def __init__(self, listener: Listener, admission: Admission, *, max_pending: int, limits: Limits) -> None:
        self.limits = limits
        self.max_pending = max_pending
        self._listener = listener
        self._admission = admission
        # RLock: the garbage collector, which runs in the midst of anything, may close a forgotten connection.
        self._lock = threading.RLock()
        self._filling = threading.RLock()  # one thread at a time accepts up to max_pending, lest they pass it together
        self._pending: collections.deque[Accepted] = collections.deque()
        self._is_listening = True
        self._is_paused = False
        self._is_exhausted = False  # the last accept found no descriptor left; cleared by whoever tries again
        self._was_exhausted = False  # and that has been logged
        self._on_change: Callable[[], object] | None = None
        self._parent: int | None = None  # the process that goes on with it, in a forked child
        close_in_forked_child(self)

    @classmethod
    def _open(
        cls,
        address: str | os.PathLike[str],
        *,
        mode: int | None,
        allow: AllowedUsers,
        authorize: Callable[[PeerCredentials], bool] | None,
        backlog: int,
        max_pending: int,
        max_connections: int,
        max_connections_per_user: int | None,
        take_over_stale: bool,
        limits: Limits,
    ) -> Self:
        """Own the address and listen there; see listen(), which this is for."""
        endpoint = parse_address(address)
        check_count(backlog, "backlog")
        if mode is not None and check_count(mode, "mode") & ~0o777:
            raise ValueError(f"mode must be permission bits (at most 0o777), got {mode:#o}")
        check_abstract(endpoint, allow)
        admission = Admission(allow, authorize, max_connections, max_connections_per_user)
        check_count(max_pending, "max_pending")
        with no_fork_meanwhile():
            listener = open_listener(
                endpoint, mode=mode, backlog=backlog, take_over_stale=take_over_stale, allow=admission.allow
            )
            return cls(listener, admission, max_pending=max_pending, limits=limits)

    @classmethod
    @known_keywords
    def adopt_descriptor(
        cls,
        descriptor: int,
        *,
        allow: AllowedUsers = SAME_USER,
        authorize: Callable[[PeerCredentials], bool] | None = None,
        max_pending: int = MAX_PENDING,
        max_connections: int = MAX_CONNECTIONS,
        max_connections_per_user: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Self:
        """Serve a descriptor that already listens, for example one of activation_descriptors().

        It becomes non-blocking and close-on-exec; its socket file is never removed. Raises UnsuitableDescriptor for
        anything that is not a listening Unix stream socket, and UnsuitableAllow if the file's mode, or a directory,
        keeps out somebody whom `allow` lets in, or if `allow` is wider than SAME_USER at an abstract address; the
        descriptor then still belongs to the caller.
        """
        return cls._adopt(
            descriptor,
            None,
            allow=allow,
            authorize=authorize,
            max_pending=max_pending,
            max_connections=max_connections,
            max_connections_per_user=max_connections_per_user,
            limits=limits,
        )

    @classmethod
    def _adopt(cls, descriptor: int, endpoint: Endpoint | None, **options: Unpack[AdmissionOptions]) -> Self:
        """As adopt_descriptor(), for one whose `endpoint` is known, as by the process that listened there."""
        admission = Admission(
            options.get("allow", SAME_USER),
            options.get("authorize"),
            options.get("max_connections", MAX_CONNECTIONS),
            options.get("max_connections_per_user"),
        )
        max_pending = check_count(options.get("max_pending", MAX_PENDING), "max_pending")
        listener = adopt_listener(descriptor, admission.allow, endpoint)
        return cls(listener, admission, max_pending=max_pending, limits=options.get("limits", DEFAULT_LIMITS))

    # --- what it is ---------------------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """The address that it listens at; for an adopted descriptor, the address it is bound to."""
        return self._listener.address

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint of that address; None for an adopted descriptor whose address is not known."""
        return self._listener.endpoint

    @property
    def is_listening(self) -> bool:
        return self._is_listening

    @property
    def is_paused(self) -> bool:
        return self._is_paused

    @property
    def open_connections(self) -> int:
        """How many connections of this server are open, including pending ones."""
        return self._admission.open_connections

    @property
    def refused_connections(self) -> int:
        """How many connections were turned away since the start."""
        return self._admission.refused

    @property
    def pending_connections(self) -> int:
        """How many connections are accepted but not yet taken; first accepts waiting ones, up to `max_pending`."""
        with self._filling:
            while True:
                with self._lock:
                    if not self._is_listening or len(self._pending) >= self.max_pending:
                        return len(self._pending)
                if (connection := self._accept_now()) is None:
                    return len(self._pending)
                self._keep(connection, first=False)

    def stats(self) -> ServerStats:
        """Return the server's current numbers, without accepting anything."""
        return ServerStats(
            open_connections=self.open_connections,
            pending_connections=len(self._pending),
            refused_connections=self.refused_connections,
        )

    def fileno(self) -> int:
        """Return the listening descriptor, which this object keeps; -1 once it is closed."""
        return self._listener.sock.fileno()

    def __repr__(self) -> str:
        state = "closed" if not self._is_listening else "paused" if self._is_paused else "listening"
        if self._parent is not None:
            state = f"left to process {self._parent}"
        connections = f"{self.open_connections} connections, {len(self._pending)} pending"
        return f"<{type(self).__name__} {self.address!r} {state}, {connections}>"

    # --- accepting ----------------------------------------------------------------------------------------------------

    def accept_nowait(self) -> Accepted | None:
        """Return a connection that is already there, or None."""
        with self._lock:
            self._check_listening()
            if self._pending:
                return self._pending.popleft()
        return self._accept_now()

    def pause(self) -> None:
        """Accept nothing until resume(); clients wait in the backlog."""
        self._change(is_paused=True)

    def resume(self) -> None:
        self._change(is_paused=False)

    # --- ending -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop listening, remove the socket file if it is still this server's, and close pending connections.

        Calls of accept() that are waiting raise ClosedByUs; clients in the backlog see the connection close. Closing
        again has no effect.
        """
        with self._lock:
            if not self._is_listening:
                return
            self._is_listening = False
            pending, self._pending = self._pending, collections.deque()
            self._wake_waiters()
            self._close_listener()
        for connection in pending:
            connection.abort()
        self._notify()

    def __del__(self) -> None:
        if getattr(self, "_is_listening", False):
            if not self._is_owned:
                warn_forgotten(self)
            self.close()

    def _close_in_child(self) -> None:
        # Called right after a fork, where the locks may be held by threads that do not exist here.
        self._lock = threading.RLock()
        self._filling = threading.RLock()
        self._is_listening = False
        self._parent = os.getppid()
        self._listener.close_in_child()

    # --- for the loop -------------------------------------------------------------------------------------------------

    def _take_connection(self) -> tuple[socket.socket, PeerCredentials, Callable[[], None]] | None:
        """Accept one admitted connection without waiting; None when none is there or none may be accepted now.

        Also None after many refusals in a row; the descriptor is still readable then. What comes last
        gives its place back. Raises ClosedByUs, BrokenEndpoint.
        """
        for _ in range(_REFUSED_AT_ONCE):
            place, sock = self._admission.place(self._announce_room), None
            try:
                if (sock := self._accept_socket(place)) is None:
                    return None
                return sock, place.admit(sock), place.give_back
            except BaseException as refusal:
                if sock is not None:
                    sock.close()
                place.give_back()
                if not isinstance(refusal, (PeerRefused, TooManyConnections)):
                    raise
        return None

    def _expect_waiting(self, *, threads: int | None = None) -> None:
        """Leave room for what waits on each connection: a descriptor to be woken by, and maybe one of the threads."""
        self._admission.expect(descriptors_each=2, threads=threads)

    @property
    def _can_accept(self) -> bool:
        """Whether it is worth watching the descriptor: not paused, not full, not out of descriptors."""
        return not (self._is_paused or self._is_exhausted or self._admission.is_full)

    def _begin_watching(self, on_change: Callable[[], object]) -> None:
        """Have `on_change` called, from any thread, whenever _can_accept or is_listening may have changed.

        The descriptor stays open until _end_watching(), even when the server is closed meanwhile.
        """
        with self._lock:
            self._check_listening()
            if self._on_change is not None:
                raise Busy(f"a loop serves {self.address!r} already")
            self._on_change = on_change

    def _end_watching(self) -> None:
        with self._lock:
            self._on_change = None
            if not self._is_listening:
                self._close_listener()

    # --- for a face to fill in; the lock is held but where a socket is made -------------------------------------------

    @abc.abstractmethod
    def _make_socket(self, sock: socket.socket, peer: PeerCredentials, on_closed: Callable[[], None]) -> Accepted:
        """Return the face's socket for an admitted connection."""

    @abc.abstractmethod
    def _wake_waiters(self) -> None:
        """Have everybody who waits for a connection look again."""

    @abc.abstractmethod
    def _is_waited_on(self) -> bool:
        """Whether somebody polls the descriptor, who will close it."""

    # ------------------------------------------------------------------------------------------------------------------

    def _accept_now(self) -> Accepted | None:
        self._expect_waiting()
        if (taken := self._take_connection()) is None:
            return None
        return self._make_socket(*taken)

    def _accept_socket(self, place: ConnectionPlace) -> socket.socket | None:
        """Accept a connection into a place reserved for it; None when none is there or none may be accepted now."""
        with self._lock:
            self._check_listening()
            if self._is_paused or self._admission.is_full:
                return None
            try:
                sock, _ = self._listener.sock.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return None
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise BrokenEndpoint(f"accepting a connection at {self.address!r}", error) from error
                self._note_exhaustion(error)
                return None
            # Only now, and under the lock: a place that is taken for an instant would make others wait for room.
            place.take()
            self._was_exhausted = False
            sock.setblocking(False)
            return sock

    def _keep(self, connection: Accepted, *, first: bool) -> None:
        """Make an accepted connection pending; when the server was closed meanwhile, close it and raise ClosedByUs."""
        with self._lock:
            if self._is_listening:
                self._pending.insert(0 if first else len(self._pending), connection)
                self._wake_waiters()
                return
        connection.abort()
        self._check_listening()

    def _announce_room(self) -> None:
        with self._lock:
            self._wake_waiters()
        self._notify()

    def _note_exhaustion(self, error: OSError) -> None:
        self._is_exhausted = True
        if not self._was_exhausted:
            self._was_exhausted = True
            logger.warning(
                "%r accepts no connections until descriptors are free again: %s", self.address, error.strerror
            )

    def _close_listener(self) -> None:
        self._listener.withdraw()
        if not self._is_waited_on() and self._on_change is None:  # whoever still polls the descriptor closes it then
            self._listener.close()

    def _change(self, *, is_paused: bool) -> None:
        with self._lock:
            self._check_listening()
            self._is_paused = is_paused
            self._wake_waiters()
        self._notify()

    def _notify(self) -> None:
        if (on_change := self._on_change) is not None:
            on_change()

    def _check_listening(self) -> None:
        if not self._is_listening:
            raise ClosedByUs(f"the server at {self.address!r}", parent=self._parent)
