"""A server whose connections are accepted by the tasks that ask for them, and that is an anyio Listener."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
from anyio.abc import SocketAttribute

from localsocket.anyio.local_socket import LocalSocket, LocalSocketAttribute
from localsocket.anyio.translating import anyio_errors
from localsocket.anyio.waiting import Waiters, Watch, how_to_call_soon
from localsocket.awaited.awaited_server import AwaitedServer
from localsocket.awaited.opening import Opening
from localsocket.endpoint.admission import MAX_CONNECTIONS, Admission
from localsocket.endpoint.credentials import SAME_USER, AllowedUsers, PeerCredentials
from localsocket.endpoint.listener import Listener
from localsocket.errors import Busy, LocalSocketError
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
        await anyio.lowlevel.checkpoint()
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


class LocalServer(AwaitedServer[LocalSocket], anyio.abc.Listener[LocalSocket]):
    """A listening local server, and an anyio Listener; the tasks of one loop accept, pause and close it.

    Made by listen() or adopt_descriptor(). As an async context manager it closes itself; accepted connections stay
    open. Iterate to get connections until the server is closed. A cancelled accept() has not taken one.
    """

    def __init__(self, listener: Listener, admission: Admission, *, max_pending: int, limits: Limits) -> None:
        self._waiters = Waiters()
        self._call_soon: Callable[[Callable[[], object]], object] | None = (
            None  # in the loop in which tasks have waited
        )
        super().__init__(listener, admission, max_pending=max_pending, limits=limits)

    # --- as anyio's Listener ------------------------------------------------------------------------------------------

    async def serve(self, handler: Callable[[LocalSocket], Any], task_group: anyio.abc.TaskGroup | None = None) -> None:
        """Call `handler` with each connection, in a separate task; the handler closes the connection.

        Ends with anyio.ClosedResourceError when the server is closed; without a `task_group` it first lets the handlers
        finish. An error in a handler ends it too, as in every task group.
        """
        async with contextlib.AsyncExitStack() as stack:
            if task_group is None:
                task_group = await stack.enter_async_context(anyio.create_task_group())
            try:
                while True:
                    task_group.start_soon(handler, await self.accept())
            except LocalSocketError as error:
                ended_by = error
        with anyio_errors("accepting connections from"):
            raise ended_by

    async def aclose(self) -> None:
        """Stop listening; see close()."""
        self.close()
        await self._waiters.wait_unwatched()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return {
            LocalSocketAttribute.address: lambda: self.address,
            SocketAttribute.family: lambda: self._listener.sock.family,
            # The kernel would tell the name that the server had until it was listening.
            SocketAttribute.local_address: lambda: self.address,
            SocketAttribute.raw_socket: lambda: self._listener.sock,
        }

    # --- what the server asks of its face -----------------------------------------------------------------------------

    def _make_socket(self, sock: socket.socket, peer: PeerCredentials, on_closed: Callable[[], None]) -> LocalSocket:
        return LocalSocket(sock, address=self.address, peer=peer, limits=self.limits, on_closed=on_closed)

    def _wake_waiters(self) -> None:
        # From anywhere: a thread that has adopted a connection, or the garbage collector, gives its place back.
        if self._call_soon is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._call_soon(self._waiters.wake_all)

    def _is_waited_on(self) -> bool:
        return self._waiters.are_watching

    # --- waiting ------------------------------------------------------------------------------------------------------

    async def _let_others_run(self) -> None:
        await anyio.lowlevel.checkpoint()

    async def _wait(self, seconds: float | None) -> None:
        if self._on_change is not None:
            raise Busy(f"{self.address!r} is already being served: its connections go there")
        self._call_soon = how_to_call_soon()
        watched: list[Watch] = [(anyio.wait_readable, self.fileno())] if self._can_accept else []
        try:
            await self._waiters.wait(watched, seconds)
        finally:
            with self._lock:
                if not self._is_listening:
                    self._close_listener()
