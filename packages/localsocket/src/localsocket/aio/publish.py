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
    """Send `value` to every current subscriber of `topic`; return how many there are.

    Waits only with the policy "block", until the slowest subscriber has room; on DeadlinePassed, or when cancelled, the
    message went to nobody. Raises BadResult if `value` is not of the topic's type.
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
