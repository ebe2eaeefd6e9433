"""Deadlines of many calls, kept by one timer: nearly all end long before theirs, and cost no timer of their own."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from localsocket.aio.waiting import set_done

_SOONEST = 0.0005  # seconds: the timers of some loops come a little early


class NearestDeadline:
    """Calls `look` at the nearest deadline that it was told; for the tasks of one loop.

    `look` sees to what is late, and returns the nearest deadline of the rest, if there is any. All are moments of the
    monotonic clock, in seconds.
    """

    __slots__ = ("_look", "_loop", "_nearest", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, look: Callable[[], float | None]) -> None:
        self._loop = loop
        self._look = look
        self._nearest = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def note(self, deadline: float) -> None:
        """Something is late from then on."""
        if deadline < self._nearest:
            self.forget()
            self._nearest = deadline
            self._timer = self._loop.call_later(max(_SOONEST, deadline - time.monotonic()), self._come)

    def forget(self) -> None:
        """Nothing is under way any more."""
        self._nearest = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _come(self) -> None:
        self._timer, self._nearest = None, math.inf
        if (nearest := self._look()) is not None:
            self.note(nearest)


class TimedWaits:
    """Futures that tasks wait for, each until a moment of its own; it knows nothing of what they are for."""

    __slots__ = ("_nearest", "_until")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._until: dict[asyncio.Future[None], float] = {}
        self._nearest = NearestDeadline(loop, self._wake_late)

    async def wait(self, future: asyncio.Future[None], until: float) -> None:
        """Wait for the future, which is set at that moment at the latest."""
        self._until[future] = until
        self._nearest.note(until)
        try:
            await future
        finally:
            del self._until[future]

    def forget(self) -> None:
        """Nobody waits any more."""
        self._nearest.forget()

    def _wake_late(self) -> float | None:
        now = time.monotonic()
        for future, until in self._until.items():
            if until <= now:
                set_done(future)
        return min((until for until in self._until.values() if until > now), default=None)
