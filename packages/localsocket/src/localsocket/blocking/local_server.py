"""A server whose connections are accepted by the threads that ask for them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

from localsocket.blocking.local_socket import LocalSocket
from localsocket.blocking.waiting import READABLE, Waiters, Waker, lend_waker
from localsocket.deadlines import Deadline
from localsocket.endpoint.admission import MAX_CONNECTIONS, Admission
from localsocket.endpoint.credentials import SAME_USER, AllowedUsers, PeerCredentials
from localsocket.endpoint.listener import Listener
from localsocket.errors import ClosedByUs, DeadlinePassed
from localsocket.interfaces import DEFAULT_LIMITS, Limits
from localsocket.keywords import known_keywords
from localsocket.sockets.server import BACKLOG, EXHAUSTION_PAUSE, MAX_PENDING, Server


@known_keywords
def listen(
    address: str | os.PathLike[str],
    *,
    mode: int | None = None,
    allow: AllowedUsers = SAME_USER,
    authorize: Callable[[PeerCredentials], bool] | None = None,
    backlog: int = BACKLOG,
    max_pending: int = MAX_PENDING,
    max_connections: int = MAX_CONNECTIONS,
    max_connections_per_user: int | None = None,
    take_over_stale: bool = True,
    limits: Limits = DEFAULT_LIMITS,
) -> LocalServer:
    """Take `address` and listen there until the server is closed or the process ends, however it ends.

    `allow`: SAME_USER (this user or root), ANY_USER, or a collection of uids; any other peer is turned away when it
    connects. `mode`: the permissions of the socket file, from its first instant (connecting needs the write bit); by
    default 0600, or 0666 if `allow` lets in other users. If the file or a directory keeps out somebody whom `allow`
    lets in, UnsuitableAllow says which of the two to change. Names are in a directory that only this user may enter, so
    other users need a path. `authorize`: called last, with the PeerCredentials; if it returns False or raises, the peer
    is turned away.
    `backlog`: how many connections wait in the kernel. `max_pending`: how many may be accepted but not yet taken.
    `max_connections`: how many may be open at once; the next one waits in the backlog. One user may have at most
    `max_connections_per_user`, and more are turned away (default: half, and, where other users may come in, at most
    half of the descriptors that the process may open now, of which a connection that is waited on takes two).
    `take_over_stale`: replace this user's socket file whose server is gone. The lock decides that it is gone; the one
    case it cannot see is a server that uses no lock and is between its bind() and listen().
    An abstract address (`@name`) has no permissions, so SAME_USER cannot be widened there.

    Raises NameTaken when a live server owns the address, PathOccupied for anything else in its place, InvalidAddress,
    UnsuitableAllow, InsecureDirectory, BrokenEndpoint; after an error nothing is left behind. Any thread may call.
    """
    return LocalServer._open(
        address,
        mode=mode,
        allow=allow,
        authorize=authorize,
        backlog=backlog,
        max_pending=max_pending,
        max_connections=max_connections,
        max_connections_per_user=max_connections_per_user,
        take_over_stale=take_over_stale,
        limits=limits,
    )


class LocalServer(Server[LocalSocket]):
    """A listening local server; any thread may accept, pause and close it.

    Made by listen() or adopt_descriptor(). As a context manager it closes itself; accepted connections stay open.
    Iterate to get connections until the server is closed.
    """

    def __init__(self, listener: Listener, admission: Admission, *, max_pending: int, limits: Limits) -> None:
        self._waiters = Waiters()
        super().__init__(listener, admission, max_pending=max_pending, limits=limits)

    def accept(self, *, timeout: float | None = None) -> LocalSocket:
        """Return the next connection, waiting for one.

        Peers that are turned away do not appear here; refused_connections counts them. While the server is paused,
        full, or out of descriptors (logged once), the call goes on waiting. Raises DeadlinePassed, or ClosedByUs if the
        server is closed meanwhile.
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

    def wait_pending(self, timeout: float | None = None) -> bool:
        """Wait until accept_nowait() would return a connection; return False if the time runs out first.

        The connection is accepted, so one may be pending here even if `max_pending` is 0.
        """
        try:
            connection = self.accept(timeout=timeout)
        except DeadlinePassed:
            return False
        self._keep(connection, first=True)
        return True

    def __iter__(self) -> Iterator[LocalSocket]:
        while True:
            try:
                yield self.accept()
            except ClosedByUs:
                return

    def __enter__(self) -> LocalServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- what the server asks of its face -----------------------------------------------------------------------------

    def _make_socket(self, sock: socket.socket, peer: PeerCredentials, on_closed: Callable[[], None]) -> LocalSocket:
        return LocalSocket(sock, address=self.address, peer=peer, limits=self.limits, on_closed=on_closed)

    def _wake_waiters(self) -> None:
        self._waiters.wake_all()

    def _is_waited_on(self) -> bool:
        return bool(self._waiters)

    # --- waiting ------------------------------------------------------------------------------------------------------

    def _wait(self, deadline: Deadline) -> None:
        waker: Waker | None = None
        try:
            with self._lock:
                self._check_listening()
                if self._pending:
                    return
                interest = READABLE if self._can_accept else None
                seconds = deadline.remaining()
                if self._is_exhausted:
                    self._is_exhausted = False
                    seconds = EXHAUSTION_PAUSE if seconds is None else min(seconds, EXHAUSTION_PAUSE)
                waker = lend_waker()
                self._waiters.enter(waker)
            waker.wait(self._listener.sock.fileno(), interest, seconds)
            with self._lock:
                self._leave(waker)
        except BaseException:
            if waker is not None:
                self._break_off_waiting(waker)
            raise

    def _leave(self, waker: Waker) -> None:
        self._waiters.leave(waker)
        self._has_left()

    def _break_off_waiting(self, waker: Waker) -> None:
        with self._lock:
            self._waiters.break_off(waker)
            self._has_left()

    def _has_left(self) -> None:
        if not self._is_listening:
            self._close_listener()
