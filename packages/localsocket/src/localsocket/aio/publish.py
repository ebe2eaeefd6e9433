"""Publishing on a topic from a task, which must not wait as a thread may."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TypeVar

from localsocket.deadlines import Deadline
from localsocket.errors import Busy
from localsocket.services.topic import Topic

T = TypeVar("T")


async def publish(topic: Topic[T], value: T, *, timeout: float | None = None) -> int:
    """Send `value` to everyone who is subscribed to `topic` now; return how many that are.

    Waits only with the policy "block", until the slowest has room; on DeadlinePassed, or when it is cancelled, nobody
    got it. Raises BadResult for a value of another type than the topic's.
    """
    deadline = Deadline(timeout)
    loop = asyncio.get_running_loop()
    while True:
        room = asyncio.Event()
        with topic._telling_of_room(partial(loop.call_soon_threadsafe, room.set)):
            try:
                return topic.publish_nowait(value)
            except Busy:
                pass
            try:
                async with asyncio.timeout(deadline.remaining()):
                    await room.wait()
            except TimeoutError:
                raise deadline.error(f"publishing on {topic.name!r}") from None
