"""Publishing from a task with the policy that waits: the loop goes on meanwhile, and the subscriber with it."""

from __future__ import annotations

import asyncio

import pytest

from localsocket import Service, aio, errors
from localsocket.services.limits import CallLimits
from localsocket.services.topic import Topic

# So little that a stream's credit is used up by a few messages, and the rest waits in the queue.
LITTLE = CallLimits(stream=100)
MESSAGE = "x" * 60


def test_a_task_that_publishes_waits_for_the_subscriber_and_the_loop_goes_on() -> None:
    async def main() -> None:
        service = Service("demo")
        topic = service.topic("news", str, queue=1, policy="block")
        async with (
            aio.serve("demo", service),
            aio.Client("demo", limits=LITTLE) as client,
            client.subscribe("news") as news,
        ):
            publishing = asyncio.gather(*(aio.publish(topic, f"{number}{MESSAGE}") for number in range(20)))
            received = [await news.receive(timeout=60) for _ in range(20)]
            assert await publishing == [1] * 20
        assert sorted(received) == sorted(f"{number}{MESSAGE}" for number in range(20))

    asyncio.run(main())


def test_publishing_that_takes_too_long_reaches_nobody() -> None:
    published: list[str] = []

    async def publish_for_ever(topic: Topic) -> None:
        while True:
            await aio.publish(topic, MESSAGE, timeout=0.05)
            published.append(MESSAGE)

    async def main() -> None:
        service = Service("demo")
        topic = service.topic("news", str, queue=1, policy="block")
        async with (
            aio.serve("demo", service),
            aio.Client("demo", limits=LITTLE) as client,
            client.subscribe("news") as news,
        ):
            with pytest.raises(errors.DeadlinePassed, match="publishing on 'news'"):
                await publish_for_ever(topic)
            received = [await news.receive(timeout=60) for _ in range(len(published))]
            assert received == published
            with pytest.raises(errors.DeadlinePassed):
                await news.receive(timeout=0.05)

    asyncio.run(main())
