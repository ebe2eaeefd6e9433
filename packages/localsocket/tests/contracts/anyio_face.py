"""The anyio face as the contracts need it. Needs anyio, so that localsocket.testing itself does not import it."""

from __future__ import annotations

import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

from anyio.from_thread import start_blocking_portal
from anyio.lowlevel import checkpoint

import localsocket.anyio
from contracts.awaited_face import AwaitedFace

T = TypeVar("T")

_TURNS = 5
"""As often, at most, a call gives way to other tasks before it waits for anything."""


class AnyioFace(AwaitedFace):
    """The LocalSocket and LocalServer of localsocket.anyio, with calls that wait; a context manager that runs the loop.

    `backend` is the name that anyio has for the loop: "asyncio" or "trio".
    """

    def __init__(self, backend: str) -> None:
        super().__init__(localsocket.anyio)
        self._running = start_blocking_portal(backend)
        self._beginning = threading.Lock()

    def wait_for(self, call: Coroutine[Any, Any, T]) -> T:
        async def awaited() -> T:
            return await call

        with self._beginning:  # what is called later finds what was called before waiting
            result = self._portal.start_task_soon(awaited)
            self._portal.call(_let_others_run)
        return result.result()

    def __enter__(self) -> AnyioFace:
        self._portal = self._running.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)


async def _let_others_run() -> None:
    for _ in range(_TURNS):
        await checkpoint()
