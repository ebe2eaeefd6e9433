"""An asyncio loop of its own for the coroutine function that serves each connection of a server."""

from __future__ import annotations

import asyncio
from typing import Any

from localsocket.aio.serve import ConnectionCoroutine, Serving, serve
from localsocket.deadlines import Deadline
from localsocket.sockets.server import Server


class CoroutineServing:
    """Serves as aio.serve() does, in the thread that calls run()."""

    def __init__(self, server: Server[Any], handler: ConnectionCoroutine) -> None:
        self._server = server
        self._handler = handler
        self._loop = asyncio.new_event_loop()
        self._stopping: asyncio.Future[Deadline] = self._loop.create_future()

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    def stop(self, deadline: Deadline) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set_result, deadline)

    async def _serve(self) -> None:
        async with serve(self._server, self._handler) as serving, asyncio.TaskGroup() as group:
            waiting = group.create_task(self._stop_when_told(serving))
            await serving.wait_stopped()
            waiting.cancel()

    async def _stop_when_told(self, serving: Serving) -> None:
        deadline = await self._stopping
        await serving.stop(timeout=deadline.remaining())
