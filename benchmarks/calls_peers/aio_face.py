"""localsocket's asyncio face: aio.Client and aio.serve() with a Service, on the stock loop or on uvloop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, NoReturn

import localsocket
from calls_loops import CallLog, in_tasks, one_by_one_awaited
from calls_peers.ends import Ends, Test, wait_to_be_ended
from localsocket import aio
from localsocket.tools.faces import Face, loop_maker


class AioFace(Ends):
    face: Face = "aio"

    def serve(self, path: str, test: Test, ready: Callable[[], None]) -> NoReturn:
        service = localsocket.Service("benchmark.echo")

        @service.method
        async def echo(argument: bytes) -> bytes:
            return argument

        async def serve() -> None:
            async with aio.serve(path, service):
                ready()
                await asyncio.Event().wait()

        self._run(serve())
        wait_to_be_ended()

    def sequential(self, path: str, log: CallLog) -> None:
        async def run() -> None:
            async with aio.Client(path) as client:
                await one_by_one_awaited(partial(client.call, "echo"), log)

        self._run(run())

    def in_flight(self, path: str, log: CallLog, count: int) -> None:
        async def run() -> None:
            async with aio.Client(path) as client:
                await in_tasks(partial(client.call, "echo"), log, count)

        self._run(run())

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=loop_maker(self.face)) as runner:
            runner.run(coroutine)


class AioFaceOnUvloop(AioFace):
    face: Face = "aio-uvloop"
