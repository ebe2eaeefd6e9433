"""Serving an address: one task for each connection, and an orderly end."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from types import TracebackType
from typing import Any, TypeAlias, Unpack

from localsocket.aio.calling_back import calls_of_peer
from localsocket.aio.local_server import listen
from localsocket.aio.local_socket import LocalSocket
from localsocket.aio.service_loop import ServiceLoop
from localsocket.aio.shared_socket import SharedSocket
from localsocket.awaited.opening import Opening
from localsocket.deadlines import UNWINDING, Deadline
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.endpoint.fork_safety import close_in_forked_child
from localsocket.errors import ClosedByPeer, ClosedByUs, EndOfStream
from localsocket.forgotten import warn_forgotten
from localsocket.keywords import check_keywords
from localsocket.log_thinning import BURST_OF_HANDLERS, ThinnedLog
from localsocket.services.protocols import ProtocolName
from localsocket.services.service import Service, protocols_at_address
from localsocket.sockets.acceptor import Acceptor
from localsocket.sockets.handler_function import check_coroutine_function
from localsocket.sockets.server import ListenOptions, Server

STOP_TIMEOUT = 5.0

# How often to look whether a function still runs whose call is over: its thread tells nobody when it has done.
_LOOK_AGAIN = 0.005

logger = logging.getLogger("localsocket.aio")

ConnectionCoroutine: TypeAlias = Callable[[LocalSocket], Coroutine[Any, Any, object]]
"""Serves one connection, which is closed when it returns."""


def serve(
    address: str | os.PathLike[str] | Server[Any],
    handler: ConnectionCoroutine | Service,
    *,
    protocols: Iterable[ProtocolName] | None = None,
    **options: Unpack[ListenOptions],
) -> Opening[Serving]:
    """Serve `address` from now on: call `handler` with each connection, in a separate task.

    `handler` may also be a Service: its coroutine functions and async generators then run in tasks, its plain functions
    and generators in worker threads.

    Await it or enter it; leaving the `async with` block stops it, giving the handlers 5 s to finish. `address` is an
    address or a listening server of any of the APIs, which is closed at the end. `options` and errors are those of
    listen(); `protocols` restricts what a Service speaks at this address. A handler that is not a coroutine function
    taking one socket raises UnsuitableHandler.

    When a handler returns, its socket is closed. An exception in a handler is logged, with the peer, and ends only its
    connection; that the peer left halfway, or that the server was closed, is not logged.
    """
    check_keywords("serve", options, ListenOptions, ["protocols"])
    if isinstance(address, Server) and options:
        raise TypeError(f"a server that is already listening takes no options: {', '.join(options)}")
    spoken = protocols_at_address(protocols, handler)
    if isinstance(handler, Service):
        if not isinstance(address, Server):
            options.setdefault("limits", handler.limits.of_socket())
    else:
        check_coroutine_function(handler)
    return Opening(_serve(address, handler, spoken, options))


async def _serve(
    address: str | os.PathLike[str] | Server[Any],
    handler: ConnectionCoroutine | Service,
    protocols: tuple[ProtocolName, ...] | None,
    options: ListenOptions,
) -> Serving:
    server = address if isinstance(address, Server) else await listen(address, **options)
    return Serving(server, handler, protocols=protocols)


class Serving:
    """A served address, made by serve(); for the tasks of its loop. As an async context manager it stops itself.

    If the serving ended unexpectedly, `error` says why, and stop() raises it.
    """

    def __init__(
        self,
        server: Server[Any],
        handler: ConnectionCoroutine | Service,
        loop: asyncio.AbstractEventLoop | None = None,
        protocols: tuple[ProtocolName, ...] | None = None,
    ) -> None:
        self.server = server
        server._expect_waiting()
        self.error: BaseException | None = None
        self._loop = loop or asyncio.get_running_loop()
        self._service: ServiceLoop | None = None
        if isinstance(handler, Service):
            self._service = ServiceLoop(handler, self._loop, protocols, calls_back=calls_of_peer)
        self._handler: Callable[[Any], Coroutine[Any, Any, object]] = (
            handler if self._service is None else self._service  # type: ignore[assignment] # it is no Service then
        )
        self._socket_kind = SharedSocket if self._service else LocalSocket
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: set[LocalSocket] = set()
        self._ending: asyncio.Task[None] | None = None
        self._is_accepting = True
        self._log = ThinnedLog(logger, BURST_OF_HANDLERS)
        self._stopped = asyncio.Event()
        self._waits_for_functions = True
        self._parent: int | None = None  # the process that goes on with it, in a forked child
        close_in_forked_child(self)
        self._acceptor = Acceptor(_WatchingLoop(self._loop, self._fail), server, self._begin, self._accepts_no_more)
        server._is_owned = True

    @property
    def address(self) -> str:
        return self.server.address

    async def stop(self, *, timeout: float | None = STOP_TIMEOUT) -> None:
        """Stop accepting, let the handlers finish until `timeout`, cancel the rest, and wait until nothing is left.

        If cancelled, it cancels the handlers at once. A handler that ignores this for half a second is left running,
        with its connection closed, and the log says so. Raises what ended the serving unexpectedly. Stopping again has
        no effect. When a handler or a method calls it, it does not wait: the serving ends when that has returned, or at
        `timeout`.
        """
        if self._parent is not None:
            raise ClosedByUs(f"what serves {self.address!r}", parent=self._parent)
        deadline = Deadline(timeout)
        self.server.close()
        self._acceptor.end()
        if self._service is not None:
            self._service.stop_when_idle()
        if self._is_own_task():
            self._ending = self._loop.create_task(self._end(deadline), name=f"stopping {self.address}")
            return
        await self._end(deadline)
        if (error := self.error) is not None:
            self.error = None
            raise error

    async def wait_stopped(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, by stop(), server.close() or an error; return False if the time runs out first."""
        seconds = Deadline(timeout).remaining()
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            return False
        return True

    async def __aenter__(self) -> Serving:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def __repr__(self) -> str:
        state = "stopped" if self._stopped.is_set() else "serving" if self._is_accepting else "stopping"
        if self._parent is not None:
            state = f"left to process {self._parent}"
        return f"<Serving {self.address!r} {state}, {len(self._tasks)} connections>"

    # ------------------------------------------------------------------------------------------------------------------

    def __del__(self) -> None:
        # Only once its loop is gone, which holds it as long as it accepts or serves.
        if hasattr(self, "_acceptor") and not self._stopped.is_set():
            warn_forgotten(self)
            self.server.close()
            self.server._end_watching()

    def _close_in_child(self) -> None:
        self._parent = os.getppid()
        self._stopped = asyncio.Event()
        self._stopped.set()

    async def _end(self, deadline: Deadline) -> None:
        try:
            await self.wait_stopped(deadline.remaining())
        finally:
            self._waits_for_functions = False
            if self._service is not None:
                self._service.cut()
            for task in self._tasks:
                task.cancel()
            self._note_end()
            if not await self.wait_stopped(UNWINDING):
                logger.warning(
                    "%r stops while %d handlers are still running, although they were cancelled",
                    self.address,
                    len(self._tasks),
                )
                for connection in list(self._connections):
                    connection.abort()

    @property
    def _methods_cut(self) -> list[str]:
        """The methods of the calls that were under way when the time to stop was over."""
        return [] if self._service is None else self._service.methods_cut

    def _is_own_task(self) -> bool:
        task = asyncio.current_task()
        return task in self._tasks or (self._service is not None and self._service.has_task(task))

    def _is_own_thread(self) -> bool:
        return self._service is not None and threading.current_thread() in self._service.threads

    def _cut(self) -> None:
        """End all connections where the loop does not come to it. Any thread may call."""
        if self._service is not None:
            self._service.note_cut()
        for connection in list(self._connections):
            connection._cut()

    def _begin(self, sock: socket.socket, peer: PeerCredentials, on_closed: Callable[[], None]) -> None:
        connection = self._socket_kind(
            sock,
            address=self.address,
            peer=peer,
            limits=self.server.limits,
            on_closed=on_closed,
        )
        self._connections.add(connection)
        task = self._loop.create_task(self._run(connection), name=f"localsocket {self.address}")
        self._tasks.add(task)
        task.add_done_callback(partial(self._has_ended, connection))

    async def _run(self, connection: LocalSocket) -> None:
        try:
            async with connection:
                await self._handler(connection)
        except (ClosedByPeer, ClosedByUs, EndOfStream):
            pass  # how connections end: the peer left in the middle, or the server was stopped
        except Exception as error:
            message = "closing %r because its handler failed"
            self._log.log(logging.ERROR, connection.peer.uid, message, connection, error=error)
        finally:
            await connection.close()

    def _has_ended(self, connection: LocalSocket, task: asyncio.Task[None]) -> None:
        connection.abort()  # nothing of a task that was cancelled before it began has run
        self._connections.discard(connection)
        self._tasks.discard(task)
        self._note_end()

    def _accepts_no_more(self, _acceptor: Acceptor) -> None:
        self._is_accepting = False
        self._note_end()

    def _note_end(self) -> None:
        if self._is_accepting or self._tasks or self._stopped.is_set():
            return
        if self._service is not None:
            if self._waits_for_functions and self._service.threads.busy:
                self._loop.call_later(_LOOK_AGAIN, self._note_end)
                return
            self._service.close()
        self._stopped.set()

    def _fail(self, error: BaseException) -> None:
        self.error = error
        self.server.close()
        self._acceptor.end()


class _WatchingLoop:
    """What an Acceptor needs of asyncio."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_error: Callable[[BaseException], object]) -> None:
        self._loop = loop
        self._on_error = on_error
        self.call_later = loop.call_later
        self._unwatch = loop.remove_reader

    def call_soon(self, callback: Callable[[], object]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback)

    def _watch_readable(self, descriptor: int, callback: Callable[[], object]) -> None:
        self._loop.add_reader(descriptor, self._call, callback)

    def _call(self, callback: Callable[[], object]) -> None:
        # The loop would log the error and call again, without end.
        try:
            callback()
        except Exception as error:
            self._on_error(error)
