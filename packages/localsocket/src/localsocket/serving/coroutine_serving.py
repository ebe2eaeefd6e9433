"""An asyncio loop of its own for the coroutine function that serves each connection of a server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from localsocket.aio.serve import ConnectionCoroutine, Serving
from localsocket.deadlines import Deadline
from localsocket.services.protocols import ProtocolName
from localsocket.services.service import Service
from localsocket.sockets.server import Server


class CoroutineServing:
    """Serves as aio.serve() does, in the thread that calls run()."""

    def __init__(
        self,
        server: Server[Any],
        handler: ConnectionCoroutine | Service,
        protocols: tuple[ProtocolName, ...] | None = None,
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._stopping: asyncio.Future[Deadline] = self._loop.create_future()
        try:
            # From now on, lest the thread finds the server closed that it was started for.
            self._serving = Serving(server, handler, self._loop, protocols)
        except BaseException:
            self._loop.close()
            raise

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    def stop(self, deadline: Deadline) -> None:
        with contextlib.suppress(RuntimeError):  # it has ended by itself, and closed the loop
            self._loop.call_soon_threadsafe(self._tell_to_stop, deadline)

    def call_soon(self, callback: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # it has ended, and closed the loop
            self._loop.call_soon_threadsafe(callback)

    @property
    def methods_cut(self) -> list[str]:
        return self._serving._methods_cut

    def is_own_thread(self) -> bool:
        return self._serving._is_own_thread()

    def cut(self) -> None:
        self._serving._cut()

    def close(self) -> None:
        self._serving._acceptor.end()
        self._loop.close()

    def _tell_to_stop(self, deadline: Deadline) -> None:
        if not self._stopping.done():
            self._stopping.set_result(deadline)

    async def _serve(self) -> None:
        async with self._serving as serving:
            ended = asyncio.create_task(serving.wait_stopped())
            either: set[asyncio.Future[Any]] = {ended, self._stopping}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.done():
                await serving.stop(timeout=self._stopping.result().remaining())
            await ended
