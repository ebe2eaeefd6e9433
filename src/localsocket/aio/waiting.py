"""Tasks that wait for something to change, and how they are told."""

from __future__ import annotations

import asyncio


class Waiters:
    """The tasks that wait for one object at this moment. Each looks again by itself at what it waits for."""

    __slots__ = ("_futures",)

    def __init__(self) -> None:
        self._futures: list[asyncio.Future[None]] = []

    def __bool__(self) -> bool:
        return bool(self._futures)

    async def wait(self, loop: asyncio.AbstractEventLoop, seconds: float | None) -> None:
        """Return after the next wake_all(), or when the time is over."""
        future = loop.create_future()
        self._futures.append(future)
        timer = None if seconds is None else loop.call_later(seconds, _set, future)
        try:
            await future
        finally:
            if timer is not None:
                timer.cancel()
            if future in self._futures:  # not woken: cancelled, or late
                self._futures.remove(future)

    def wake_all(self) -> None:
        if self._futures:
            futures, self._futures = self._futures, []
            for future in futures:
                _set(future)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():  # cancelled in the same turn of the loop
        future.set_result(None)
