"""Many deadlines by one timer: each is kept, whatever others there are, and nothing is left behind."""

from __future__ import annotations

import asyncio
import time

from localsocket.aio.late_calls import NearestDeadline, TimedWaits


async def test_each_deadline_is_looked_at_in_its_order_though_they_are_told_in_another() -> None:
    now = time.monotonic()
    deadlines, looked, over = [now + 0.03, now + 0.01, now + 0.02], list[float](), asyncio.Event()

    def look() -> float | None:
        at = time.monotonic()
        looked.extend(sorted(each for each in deadlines if each <= at))
        deadlines[:] = [each for each in deadlines if each > at]
        if not deadlines:
            over.set()
        return min(deadlines, default=None)

    nearest = NearestDeadline(asyncio.get_running_loop(), look)
    for deadline in deadlines:
        nearest.note(deadline)
    await over.wait()
    assert looked == [now + 0.01, now + 0.02, now + 0.03]


async def test_what_is_forgotten_is_not_looked_at() -> None:
    looked = list[None]()
    nearest = NearestDeadline(asyncio.get_running_loop(), lambda: looked.append(None))
    nearest.note(time.monotonic())
    nearest.forget()
    later, over = NearestDeadline(asyncio.get_running_loop(), lambda: over.set()), asyncio.Event()
    later.note(time.monotonic() + 0.01)
    await over.wait()
    assert not looked


async def test_waits_end_each_at_their_time_and_those_that_were_woken_at_once() -> None:
    loop = asyncio.get_running_loop()
    waits, woken = TimedWaits(loop), loop.create_future()
    woken.set_result(None)
    began = time.monotonic()
    await waits.wait(woken, began + 3600)
    ended: list[float] = []

    async def wait(seconds: float) -> None:
        await waits.wait(loop.create_future(), began + seconds)
        assert time.monotonic() >= began + seconds
        ended.append(seconds)

    await asyncio.gather(wait(0.04), wait(0.01), wait(0.02))
    assert sorted(ended) == [0.01, 0.02, 0.04]
    assert time.monotonic() < began + 1800
