"""A server whose connections are accepted by whoever asks for them."""

from __future__ import annotations

import collections
import errno
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypedDict

from localsocket.blocking.local_socket import LocalSocket
from localsocket.blocking.waiting import READABLE, Waiters, Waker
from localsocket.deadlines import Deadline, check_count
from localsocket.endpoint.address import Endpoint, parse_address
from localsocket.endpoint.admission import MAX_CONNECTIONS, Admission
from localsocket.endpoint.credentials import SAME_USER, AllowedUsers, PeerCredentials
from localsocket.endpoint.fork_safety import close_in_forked_child, no_fork_meanwhile
from localsocket.endpoint.listener import Listener, adopt_listener, check_abstract, open_listener
from localsocket.errors import BrokenEndpoint, Busy, ClosedByUs, DeadlinePassed, PeerRefused, TooManyConnections
from localsocket.interfaces import DEFAULT_LIMITS, Limits

logger = logging.getLogger("localsocket.blocking")

BACKLOG = 50
MAX_PENDING = 30

# So many peers are turned away in one go, lest a flood of them keeps a caller past its deadline, or a loop from its
# other connections.
_REFUSED_AT_ONCE = 64

# Seconds until accepting is tried again when the process or the system has no descriptor left.
EXHAUSTION_PAUSE = 0.1
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


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

    mode: int
    backlog: int
    take_over_stale: bool


def listen(
    address: str | os.PathLike[str],
    *,
    mode: int = 0o600,
    allow: AllowedUsers = SAME_USER,
    authorize: Callable[[PeerCredentials], bool] | None = None,
    backlog: int = BACKLOG,
    max_pending: int = MAX_PENDING,
    max_connections: int = MAX_CONNECTIONS,
    max_connections_per_user: int | None = None,
    take_over_stale: bool = True,
    limits: Limits = DEFAULT_LIMITS,
) -> LocalServer:
    """Own `address` and listen there until the server is closed or the process ends, however it ends.

    `mode`: permissions of the socket file, there from its first instant (connecting needs the write bit).
    `allow`: SAME_USER (this user or root), ANY_USER, or a collection of uids; every other peer is turned away at
    accept. `authorize`: asked last, with the PeerCredentials; returning False or raising turns the peer away.
    `backlog`: how many connections the kernel keeps waiting. `max_pending`: how many may be accepted and not yet
    taken. `max_connections`: how many may be open at once; the next one waits in the backlog; of these one user has at
    most `max_connections_per_user`, and more are turned away (default: half, and, where other users may come in, at
    most half of the descriptors that the process may open now).
    `take_over_stale`: replace this user's socket file whose server is gone. The lock decides that it is gone; the one
    case it cannot see is a server that uses no lock and is between its bind() and listen().
    An abstract address (`@name`) has no permissions, so SAME_USER cannot be widened there.

    Raises NameTaken when a live server owns the address, PathOccupied for anything else in its place, InvalidAddress,
    InsecureDirectory, BrokenEndpoint; after an error nothing is left behind. Any thread may call.
    """
    endpoint = parse_address(address)
    check_count(mode, "mode")
    check_count(backlog, "backlog")
    if mode & ~0o777:
        raise ValueError(f"mode must be permission bits (at most 0o777), got {mode:#o}")
    check_abstract(endpoint, allow)
    admission = Admission(allow, authorize, max_connections, max_connections_per_user)
    check_count(max_pending, "max_pending")
    with no_fork_meanwhile():
        listener = open_listener(endpoint, mode=mode, backlog=backlog, take_over_stale=take_over_stale)
        return LocalServer(listener, admission, max_pending=max_pending, limits=limits)


class LocalServer:
    """A listening local server; any thread may accept, pause and close it.

    Made by listen() or adopt_descriptor(). As a context manager it closes itself; connections that were accepted stay
    open. Iterating gives connections until the server is closed.
    """

    def __init__(self, listener: Listener, admission: Admission, *, max_pending: int, limits: Limits) -> None:
        self.limits = limits
        self.max_pending = max_pending
        self._listener = listener
        self._admission = admission
        self._lock = threading.Lock()
        self._filling = threading.RLock()  # one thread at a time accepts up to max_pending, lest they pass it together
        self._waiters = Waiters()
        self._pending: collections.deque[LocalSocket] = collections.deque()
        self._is_listening = True
        self._is_paused = False
        self._is_exhausted = False  # the last accept found no descriptor left
        self._was_exhausted = False  # and that has been logged
        self._on_change: Callable[[], None] | None = None
        close_in_forked_child(self)

    @classmethod
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
    ) -> LocalServer:
        """Serve a descriptor that already listens, for example one of activation_descriptors().

        It becomes non-blocking and close-on-exec; its socket file is never removed. Raises UnsuitableDescriptor for
        anything that is not a listening Unix stream socket, and ValueError for an abstract address with a wider `allow`
        than SAME_USER; then it is still the caller's.
        """
        admission = Admission(allow, authorize, max_connections, max_connections_per_user)
        check_count(max_pending, "max_pending")
        return cls(adopt_listener(descriptor, allow), admission, max_pending=max_pending, limits=limits)

    # --- what it is ---------------------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """The address text it listens at; for an adopted descriptor, what it is bound to."""
        return self._listener.address

    @property
    def endpoint(self) -> Endpoint | None:
        """Where that is; None for an adopted descriptor whose address cannot be told."""
        return self._listener.endpoint

    @property
    def is_listening(self) -> bool:
        return self._is_listening

    @property
    def is_paused(self) -> bool:
        return self._is_paused

    @property
    def open_connections(self) -> int:
        """How many connections of this server are open, pending ones included."""
        return self._admission.open_connections

    @property
    def refused_connections(self) -> int:
        """How many connections were turned away since the start."""
        return self._admission.refused

    @property
    def pending_connections(self) -> int:
        """How many connections are accepted and not yet taken, after accepting what waits, up to `max_pending`."""
        with self._filling:
            while True:
                with self._lock:
                    if not self._is_listening or len(self._pending) >= self.max_pending:
                        return len(self._pending)
                if (connection := self._accept_now()) is None:
                    return len(self._pending)
                self._keep(connection, first=False)

    def fileno(self) -> int:
        """Return the listening descriptor, which stays this object's; -1 once it is closed."""
        return self._listener.sock.fileno()

    def __repr__(self) -> str:
        state = "closed" if not self._is_listening else "paused" if self._is_paused else "listening"
        return (
            f"<LocalServer {self.address!r} {state}, {self.open_connections} connections, {len(self._pending)} pending>"
        )

    # --- accepting ----------------------------------------------------------------------------------------------------

    def accept(self, *, timeout: float | None = None) -> LocalSocket:
        """Return the next connection, waiting for one.

        Peers that are turned away are not seen here; refused_connections counts them. While the server is paused,
        full, or out of descriptors (said once in the log), it goes on waiting. Raises DeadlinePassed, and ClosedByUs
        when the server is closed meanwhile.
        """
        deadline = Deadline(timeout)
        has_waited = False
        while True:
            if (connection := self.accept_nowait()) is not None:
                return connection
            if has_waited and deadline.has_passed():
                raise deadline.error(f"accepting a connection at {self.address!r}")
            self._wait(deadline)
            has_waited = True

    def accept_nowait(self) -> LocalSocket | None:
        """Return a connection that is there already, or None."""
        with self._lock:
            self._check_listening()
            if self._pending:
                return self._pending.popleft()
        return self._accept_now()

    def wait_pending(self, timeout: float | None = None) -> bool:
        """Wait until accept_nowait() would give a connection; False when the time was over before.

        The connection is accepted, so one may be pending here even where `max_pending` is 0.
        """
        try:
            connection = self.accept(timeout=timeout)
        except DeadlinePassed:
            return False
        self._keep(connection, first=True)
        return True

    def pause(self) -> None:
        """Accept nothing until resume(); clients wait in the backlog."""
        self._change(is_paused=True)

    def resume(self) -> None:
        self._change(is_paused=False)

    def __iter__(self) -> Iterator[LocalSocket]:
        while True:
            try:
                yield self.accept()
            except ClosedByUs:
                return

    # --- ending -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop listening, remove the socket file if it is still this server's, and close pending connections.

        Waiting accepts raise ClosedByUs; clients in the backlog see the connection closed. Closing again is fine.
        """
        with self._lock:
            if not self._is_listening:
                return
            self._is_listening = False
            pending, self._pending = self._pending, collections.deque()
            self._waiters.wake_all()
            self._close_listener()
        for connection in pending:
            connection.abort()
        self._notify()

    def close_in_child(self) -> None:
        # Called right after a fork, where the locks may be held by threads that do not exist here.
        self._lock = threading.Lock()
        self._filling = threading.RLock()
        self._is_listening = False
        self._listener.close_in_child()

    def __enter__(self) -> LocalServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- for the loop -------------------------------------------------------------------------------------------------

    def take_connection(self) -> tuple[socket.socket, PeerCredentials] | None:
        """Accept one admitted connection without waiting; None when none is there or none may be accepted now.

        Also None after many refusals in a row; the descriptor is still readable then. The caller gives the place back
        with release(). Raises ClosedByUs, BrokenEndpoint.
        """
        for _ in range(_REFUSED_AT_ONCE):
            if (sock := self._accept_socket()) is None:
                return None
            try:
                return sock, self._admission.admit(sock)
            except BaseException as refusal:
                sock.close()
                self._announce_room()
                if not isinstance(refusal, (PeerRefused, TooManyConnections)):
                    raise
        return None

    def release(self, peer: PeerCredentials) -> None:
        """Count one connection of `peer` out."""
        self._admission.release(peer)
        self._announce_room()

    @property
    def can_accept(self) -> bool:
        """Whether it is worth watching the descriptor: not paused, not full, not out of descriptors."""
        return not (self._is_paused or self._is_exhausted or self._admission.is_full)

    @property
    def is_exhausted(self) -> bool:
        """Whether the last accept found no descriptor left; cleared by the next try."""
        return self._is_exhausted

    def retry_after_exhaustion(self) -> None:
        self._is_exhausted = False

    def begin_watching(self, on_change: Callable[[], None]) -> None:
        """Have `on_change` called, from any thread, whenever can_accept or is_listening may have changed.

        The descriptor stays open until end_watching(), even when the server is closed meanwhile.
        """
        with self._lock:
            self._check_listening()
            if self._on_change is not None:
                raise Busy(f"a loop serves {self.address!r} already")
            self._on_change = on_change

    def end_watching(self) -> None:
        with self._lock:
            self._on_change = None
            if not self._is_listening:
                self._close_listener()

    # ------------------------------------------------------------------------------------------------------------------

    def _accept_now(self) -> LocalSocket | None:
        if (taken := self.take_connection()) is None:
            return None
        sock, peer = taken
        on_closed = partial(self.release, peer)
        return LocalSocket(sock, address=self.address, peer=peer, limits=self.limits, on_closed=on_closed)

    def _accept_socket(self) -> socket.socket | None:
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
            self._admission.reserve()
            self._was_exhausted = False
            sock.setblocking(False)
            return sock

    def _keep(self, connection: LocalSocket, *, first: bool) -> None:
        """Make an accepted connection pending; when the server was closed meanwhile, close it and raise ClosedByUs."""
        with self._lock:
            if self._is_listening:
                self._pending.insert(0 if first else len(self._pending), connection)
                self._waiters.wake_all()
                return
        connection.abort()
        self._check_listening()

    def _announce_room(self) -> None:
        with self._lock:
            self._waiters.wake_all()
        self._notify()

    def _note_exhaustion(self, error: OSError) -> None:
        self._is_exhausted = True
        if not self._was_exhausted:
            self._was_exhausted = True
            logger.warning("%r accepts nothing until descriptors are free again: %s", self.address, error.strerror)

    def _wait(self, deadline: Deadline) -> None:
        with self._lock:
            self._check_listening()
            if self._pending:
                return
            interest = READABLE if self.can_accept else None
            seconds = deadline.remaining()
            if self._is_exhausted:
                self._is_exhausted = False
                seconds = EXHAUSTION_PAUSE if seconds is None else min(seconds, EXHAUSTION_PAUSE)
            waker = self._waiters.enter()
        try:
            waker.wait(self._listener.sock.fileno(), interest, seconds)
        finally:
            with self._lock:
                self._leave(waker)

    def _leave(self, waker: Waker) -> None:
        self._waiters.leave(waker)
        if not self._is_listening:
            self._close_listener()

    def _close_listener(self) -> None:
        self._listener.withdraw()
        if not self._waiters and self._on_change is None:  # whoever still polls the descriptor closes it when leaving
            self._listener.close()

    def _change(self, *, is_paused: bool) -> None:
        with self._lock:
            self._check_listening()
            self._is_paused = is_paused
            self._waiters.wake_all()
        self._notify()

    def _notify(self) -> None:
        if (on_change := self._on_change) is not None:
            on_change()

    def _check_listening(self) -> None:
        if not self._is_listening:
            raise ClosedByUs(f"the server at {self.address!r}")
