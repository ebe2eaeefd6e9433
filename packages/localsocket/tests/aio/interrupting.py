"""Interrupting a call at its 1st, 2nd, 3rd ... suspension, in each way in which a call can be interrupted."""

from __future__ import annotations

import abc
import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any, ClassVar, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar

import pytest

from localsocket import deadlines

T = TypeVar("T")
P = ParamSpec("P")

MUCH_LATER = 3600.0


class Outcome(NamedTuple):
    """What has become of a call: it was interrupted by an error, or it has returned something in spite of that."""

    error: BaseException | None
    result: Any = None

    @property
    def was_interrupted(self) -> bool:
        return self.error is not None


class Interruption(abc.ABC):
    """Breaks the calls of one scenario off at one of their suspensions.

    `has_happened` tells whether they had as many.
    """

    timeout: ClassVar[float | None] = None
    """What the call is to be given as `timeout=`."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._suspensions = 0
        self.has_happened = False

    async def __call__(self, call: Awaitable[T], meanwhile: Callable[[int], object]) -> Outcome:
        """Await `call`; at each of its suspensions but the last, `meanwhile(number)` lets it get on."""
        self._meanwhile = meanwhile
        try:
            return Outcome(None, await self._await(_Stepped(call, self._suspended)))
        except (asyncio.CancelledError, TimeoutError) as error:
            if not self.has_happened or not self._is_ours(error):
                raise
            return Outcome(error)

    async def _await(self, call: Awaitable[T]) -> T:
        return await call

    def _suspended(self, waits_for: asyncio.Future[Any] | None) -> None:
        self._suspensions += 1
        if self._suspensions == self._at:
            self.has_happened = True
            self.strike(waits_for)
        else:
            self._meanwhile(self._suspensions)

    @abc.abstractmethod
    def strike(self, waits_for: asyncio.Future[Any] | None) -> None:
        """Interrupt the call, which is about to wait for this future, or for the next turn of the loop."""

    @abc.abstractmethod
    def _is_ours(self, error: BaseException) -> bool:
        """Whether that is what the call has to raise."""


class Cancelled(Interruption):
    """The task is cancelled while it waits, and nothing else happens."""

    def strike(self, waits_for: asyncio.Future[Any] | None) -> None:
        task = _current_task()
        asyncio.get_running_loop().call_soon(task.cancel)

    def _is_ours(self, error: BaseException) -> bool:
        task = _current_task()
        return isinstance(error, asyncio.CancelledError) and task.uncancel() == 0


class CancelledWhenWoken(Cancelled):
    """The task is cancelled in the same turn of the loop in which what it waits for has come, before it goes on."""

    def strike(self, waits_for: asyncio.Future[Any] | None) -> None:
        task = _current_task()
        if waits_for is None:
            task.cancel()
        else:
            waits_for.add_done_callback(lambda _: task.cancel())  # asked for before the task itself is
        self._meanwhile(self._suspensions)


class TimedOutByAsyncio(Interruption):
    """An asyncio.timeout() around the call runs out."""

    async def _await(self, call: Awaitable[T]) -> T:
        async with asyncio.timeout(None) as self._scope:
            return await call

    def strike(self, waits_for: asyncio.Future[Any] | None) -> None:
        self._scope.reschedule(0)

    def _is_ours(self, error: BaseException) -> bool:
        return type(error) is TimeoutError


class TimedOut(Interruption):
    """The `timeout` of the call runs out: the clock is put forward, and the call's timer goes off."""

    timeout = MUCH_LATER

    def __init__(self, at: int) -> None:
        super().__init__(at)
        _clock.hours = 0
        self._timers: list[tuple[asyncio.TimerHandle, Callable[[], object]]] = []

    async def _await(self, call: Awaitable[T]) -> T:
        def remember(delay: float, callback: Callable[..., object], *arguments: Any, **context: Any) -> Any:
            timer = call_later(delay, callback, *arguments, **context)
            self._timers.append((timer, partial(callback, *arguments)))
            return timer

        with pytest.MonkeyPatch.context() as patch:
            loop = asyncio.get_running_loop()
            call_later = loop.call_later
            patch.setattr(loop, "call_later", remember)
            return await call

    def strike(self, waits_for: asyncio.Future[Any] | None) -> None:
        _clock.hours += 2
        for timer, callback in self._timers:
            if not timer.cancelled():
                timer.cancel()
                asyncio.get_running_loop().call_soon(callback)

    def _is_ours(self, error: BaseException) -> bool:
        return isinstance(error, deadlines.DeadlinePassed)


class TimedOutWhenWoken(TimedOut):
    """The `timeout` of the call runs out in the same turn of the loop in which what it waits for has come."""

    def strike(self, waits_for: asyncio.Future[Any] | None) -> None:
        self._meanwhile(self._suspensions)
        super().strike(waits_for)


CANCELLING: list[type[Interruption]] = [Cancelled, CancelledWhenWoken, TimedOutByAsyncio]
EVERY_WAY: list[type[Interruption]] = [*CANCELLING, TimedOut, TimedOutWhenWoken]


async def at_every_suspension(
    way: type[Interruption],
    scenario: Callable[Concatenate[Interruption, P], Coroutine[Any, Any, None]],
    *arguments: P.args,
    **keywords: P.kwargs,
) -> int:
    """Run the scenario again and again, interrupted one suspension later each time, until it is not interrupted.

    Return how many interruptions that were. With another clock a deadline passes exactly then.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deadlines, "time", _clock)
        for at in itertools.count(1):
            interruption = way(at)
            try:
                await scenario(interruption, *arguments, **keywords)
            except BaseException as error:
                error.add_note(f"{way.__name__} at suspension {at} of {arguments}")
                raise
            if not interruption.has_happened:
                return at - 1
    raise AssertionError


class _Clock:
    """The module `time`, for whoever only asks for the time."""

    def __init__(self) -> None:
        self._now = deadlines.time.monotonic
        self.hours = 0

    def monotonic(self) -> float:
        return self._now() + self.hours * MUCH_LATER


_clock = _Clock()


class _Stepped(Generic[T]):
    """Awaits a call, and says so each time that it suspends itself."""

    def __init__(self, call: Awaitable[T], suspended: Callable[[asyncio.Future[Any] | None], None]) -> None:
        self._call = call
        self._suspended = suspended

    def __await__(self) -> Generator[Any, Any, T]:
        steps = self._call.__await__()
        step: Callable[[], Any] = partial(steps.send, None)
        while True:
            try:
                waits_for = step()
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            self._suspended(waits_for)
            try:
                yield waits_for
            except BaseException as error:
                step = partial(steps.throw, error)
            else:
                step = partial(steps.send, None)


def _current_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task
