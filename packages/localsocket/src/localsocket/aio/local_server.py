"""A server whose connections are accepted by the tasks that ask for them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable

from localsocket.aio.local_socket import LocalSocket
from localsocket.aio.waiting import Waiters
from localsocket.awaited.awaited_server import AwaitedServer
from localsocket.awaited.opening import Opening
from localsocket.endpoint.admission import MAX_CONNECTIONS, Admission
from localsocket.endpoint.credentials import SAME_USER, AllowedUsers, PeerCredentials
from localsocket.endpoint.listener import Listener
from localsocket.errors import Busy
from localsocket.interfaces import DEFAULT_LIMITS, Limits
from localsocket.keywords import known_keywords
from localsocket.sockets.server import BACKLOG, MAX_PENDING


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
) -> Opening[LocalServer]:
    """Take `address` and listen there until the server is closed or the process ends, however it ends.

    Await it or enter it. Parameters and errors are those of localsocket.listen(); it does not wait.
    """

    async def open_server() -> LocalServer:
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

    return Opening(open_server())


class LocalServer(AwaitedServer[LocalSocket]):
    """A listening local server; the tasks of one loop accept, pause and close it.

    Made by listen() or adopt_descriptor(). As an async context manager it closes itself; accepted connections stay
    open. Iterate to get connections until the server is closed. A cancelled accept() has not taken one.
    """

    def __init__(self, listener: Listener, admission: Admission, *, max_pending: int, limits: Limits) -> None:
        self._waiters = Waiters()
        self._loop: asyncio.AbstractEventLoop | None = None  # in which tasks have waited
        self._is_watched = False
        super().__init__(listener, admission, max_pending=max_pending, limits=limits)

    def _make_socket(self, sock: socket.socket, peer: PeerCredentials, on_closed: Callable[[], None]) -> LocalSocket:
        return LocalSocket(sock, address=self.address, peer=peer, limits=self.limits, on_closed=on_closed)

    def _wake_waiters(self) -> None:
        # From any thread: one that has adopted a connection gives its place back when it closes.
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._waiters.wake_all)

    def _is_waited_on(self) -> bool:
        return False  # _close_listener() sees to it

    async def _let_others_run(self) -> None:
        await asyncio.sleep(0)

    async def _wait(self, seconds: float | None) -> None:
        if self._on_change is not None:
            raise Busy(f"{self.address!r} is already being served: its connections go there")
        loop = self._loop = asyncio.get_running_loop()
        if self._can_accept and not self._is_watched:
            self._is_watched = True
            loop.add_reader(self.fileno(), self._on_readable)
        try:
            await self._waiters.wait(loop, seconds)
        finally:
            if not self._waiters:
                self._unwatch()

    def _on_readable(self) -> None:
        self._unwatch()
        self._waiters.wake_all()

    def _unwatch(self) -> None:
        if self._is_watched:
            self._is_watched = False
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_reader(self.fileno())

    def _close_listener(self) -> None:
        self._unwatch()
        super()._close_listener()
