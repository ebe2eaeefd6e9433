"""Cancelling a call exactly where it is suspended for the n-th time, for every n."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar

import anyio

T = TypeVar("T")

NEVER = -1
MOST = 1000
"""Suspensions of one call beyond which it counts as never ending."""


class Cut:
    """Awaits one call and cancels it when it is suspended for the n-th time, counted from 0. Counts in any case."""

    def __init__(self, at: int) -> None:
        self._at = at
        self.suspensions = 0
        self.has_cut = False

    async def __call__(self, call: Awaitable[T]) -> T | None:
        """Return what the call returns, or None when it was cancelled."""
        with anyio.CancelScope() as scope:
            return await _Counted(call, partial(self._is_suspended, scope))
        return None

    def _is_suspended(self, scope: anyio.CancelScope) -> None:
        if self.suspensions == self._at:
            self.has_cut = True
            scope.cancel()
        self.suspensions += 1


async def at_every_await(scene: Callable[[Cut], Coroutine[Any, Any, None]]) -> int:
    """Play the scene again and again, cutting one await later each time; return how many awaits there were to cut."""
    for at in range(MOST):
        cut = Cut(at)
        try:
            await scene(cut)
        except Exception as error:
            error.add_note(f"the call was {'' if cut.has_cut else 'not '}cancelled at its await number {at}")
            raise
        if not cut.has_cut:
            return at
    raise AssertionError(f"still suspended after {MOST} awaits")


async def count_suspensions(call: Awaitable[object]) -> int:
    """Return how many times the call let others run."""
    cut = Cut(NEVER)
    await cut(call)
    return cut.suspensions


class _Counted(Generic[T]):
    """Awaits a call, and says whenever it is about to be suspended."""

    def __init__(self, call: Awaitable[T], on_suspension: Callable[[], None]) -> None:
        self._call = call
        self._on_suspension = on_suspension

    def __await__(self) -> Generator[Any, Any, T]:
        steps = self._call.__await__()
        step: Callable[[], Any] = partial(next, steps)
        while True:
            try:
                request = step()
            except StopIteration as end:
                result: T = end.value
                return result
            self._on_suspension()
            try:
                answer = yield request
            except BaseException as error:
                step = partial(steps.throw, error)
            else:
                step = partial(steps.send, answer)
