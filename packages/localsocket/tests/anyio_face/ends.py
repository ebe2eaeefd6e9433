"""Two sockets of the anyio face, tasks that wait on them, and bytes that show what became of them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol

import anyio
import anyio.abc
import anyio.lowlevel

import localsocket.anyio
from localsocket.anyio import LocalSocket
from localsocket.interfaces import DEFAULT_LIMITS, KIB, Limits
from localsocket.testing import set_kernel_buffer

SMALL = 4 * KIB
SMALL_LIMITS = Limits(read_buffer=SMALL, write_buffer=SMALL)


class Run(Protocol):
    """Runs a coroutine function to its end in a loop of its own."""

    def __call__(self, main: Callable[[], Coroutine[Any, Any, None]]) -> None: ...


@contextlib.asynccontextmanager
async def connected(
    *, limits: Limits = DEFAULT_LIMITS, kernel_buffer: int | None = None
) -> AsyncIterator[tuple[LocalSocket, LocalSocket]]:
    """Give two sockets connected to each other, and close both at the end without waiting for anything unsent."""
    ends = localsocket.anyio.pair(limits=limits)
    try:
        for end in ends:
            if kernel_buffer is not None:
                set_kernel_buffer(end, kernel_buffer)
        yield ends
    finally:
        for end in ends:
            end.abort()


@contextlib.asynccontextmanager
async def beside(
    *functions: Callable[[], Coroutine[Any, Any, object]], head_start: int = 5
) -> AsyncIterator[anyio.abc.TaskGroup]:
    """Run these in tasks that have had some turns when the block begins, and have ended when it is left."""
    async with anyio.create_task_group() as group:
        for function in functions:
            group.start_soon(function)
            await turns(head_start)
        yield group


async def break_off(function: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Call this, and cancel the call when it has come to wait."""
    async with beside(function) as group:
        group.cancel_scope.cancel()


async def turns(count: int) -> None:
    """Give way to the other tasks so many times."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


async def until(condition: Callable[[], object]) -> None:
    """Give way to the other tasks until the condition holds."""
    while not condition():
        await anyio.lowlevel.checkpoint()


class Call:
    """A function to run in a task, and what came of it; what it raises fails nothing but result()."""

    def __init__(self, function: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._function = function
        self._result: object = None
        self.error: Exception | None = None
        self.is_done = False

    async def __call__(self) -> None:
        try:
            self._result = await self._function()
        except Exception as error:
            self.error = error
        self.is_done = True

    def result(self) -> object:
        assert self.is_done, f"{self._function} has not ended"
        if self.error is not None:
            raise self.error
        return self._result


def pattern(size: int) -> bytes:
    """Return bytes in which a piece that is missing, doubled or moved shows."""
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4))
