"""Tasks that wait for something to change, and how they are told."""

from __future__ import annotations

import asyncio
import contextlib


class Waiters:
    """The tasks that wait for one object at this moment. Each looks again by itself at what it waits for."""

    __slots__ = ("_futures",)

    def __init__(self) -> None:
        self._futures: list[asyncio.Future[None]] = []

    def __bool__(self) -> bool:
        self._forget_the_done()
        return bool(self._futures)

    def wait(self, loop: asyncio.AbstractEventLoop, seconds: float | None) -> asyncio.Future[None]:
        """Return what is done after the next wake_all(), or when the time is over."""
        if self._futures:
            self._forget_the_done()
        future = loop.create_future()
        self._futures.append(future)
        if seconds is not None:
            set_later(future, seconds)
        return future

    def wake_all(self) -> None:
        if self._futures:
            with contextlib.suppress(RuntimeError):  # their loop is closed, and nobody will ever look again
                for future in self._futures:
                    if not future.done():
                        future.set_result(None)
            self._futures = []  # last, so that it can be done again after an interrupt

    def _forget_the_done(self) -> None:
        # Those that were cancelled or late: nobody tells when they are.
        self._futures = [future for future in self._futures if not future.done()]


def set_done(future: asyncio.Future[None]) -> None:
    if not future.done():  # cancelled in the same turn of the loop
        future.set_result(None)


def set_later(future: asyncio.Future[None], seconds: float) -> None:
    """Set the future when the time is over, unless it is done before."""
    timer = future.get_loop().call_later(seconds, set_done, future)
    future.add_done_callback(lambda _: timer.cancel())
