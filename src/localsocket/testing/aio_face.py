"""The asyncio face as the contracts need it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar

from localsocket import aio
from localsocket.testing.awaited_face import AwaitedFace
from localsocket.testing.background import Background

T = TypeVar("T")


class AioFace(AwaitedFace):
    """aio.LocalSocket and aio.LocalServer, with calls that wait; a context manager that runs the loop.

    `new_loop` makes the loop: asyncio.new_event_loop, uvloop.new_event_loop, or your own.
    """

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
        super().__init__(aio)
        self.loop = new_loop()

    def wait_for(self, call: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(call, self.loop).result()

    def __enter__(self) -> AioFace:
        self._running = Background(self.loop.run_forever)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._running.result()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
