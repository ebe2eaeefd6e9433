"""Topics over a real NATS server: what a subscriber is told of what it has not got."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from bridges.broker import Broker
from bridges.conftest import Bus
from localsocket import Service, aio
from localsocket.bridges import nats
from localsocket.errors import SubscriberTooSlow
from localsocket.services.gap import Gap
from localsocket.services.topic import Policy

NAME = "demo.shop"
LONG = 30.0
QUEUE = 4


async def test_who_is_to_have_all_or_none_is_told_when_more_was_published_at_once_than_may_wait(bus: Bus) -> None:
    service = Service(NAME)
    news = service.topic("news", int, queue=QUEUE, policy="disconnect")
    async with (
        nats.serve(service, bus.address(NAME)),
        aio.Client(bus.address(NAME), call_timeout=LONG) as client,
    ):
        async with client.subscribe("news", int) as messages:
            news.publish(0)
            assert await messages.receive(timeout=LONG) == 0
            for number in range(5 * QUEUE):  # the loop sends none of them meanwhile
                news.publish(number)
            with pytest.raises(SubscriberTooSlow):
                await messages.receive(timeout=LONG)
        async with client.subscribe("news", int) as messages:
            news.publish(7)
            assert await messages.receive(timeout=LONG) == 7


@contextlib.asynccontextmanager
async def unread_by_one(
    bus: Bus, policy: Policy, count: int
) -> AsyncIterator[tuple[aio.Subscription[bytes], aio.Subscription[bytes]]]:
    """Give the messages of one who has read none of so many, and of another one, who has read all."""
    service = Service(NAME)
    news = service.topic("news", bytes, queue=QUEUE, policy=policy)
    async with (
        nats.serve(service, bus.address(NAME)),
        aio.Client(bus.address(NAME), call_timeout=LONG) as slow,
        aio.Client(bus.address(NAME), call_timeout=LONG) as quick,
        slow.subscribe("news", bytes) as unread,
        quick.subscribe("news", bytes) as read,
    ):
        for number in range(count):
            news.publish(bytes([number]) * 20_000)  # a dozen fill the window of 256 KiB
            assert (await read.receive(timeout=LONG))[0] == number
        yield unread, read


async def test_a_subscriber_that_does_not_read_loses_its_own_messages_and_knows_how_many(bus: Bus) -> None:
    count = 50
    async with unread_by_one(bus, "drop_oldest", count) as (unread, read):
        received = 0
        while (await unread.receive(timeout=LONG))[0] != count - 1:
            received += 1
        assert received + 1 + unread.lost == count
        assert unread.lost > 0
        assert read.lost == 0


async def test_who_reads_too_slowly_what_it_is_to_have_all_of_is_told(bus: Bus) -> None:
    count = 30
    async with unread_by_one(bus, "disconnect", count) as (unread, _):
        received = list[int]()

        async def read_all() -> None:
            async for message in unread:
                received.append(message[0])

        with pytest.raises(SubscriberTooSlow):
            await asyncio.wait_for(read_all(), LONG)
        assert received == list(range(len(received)))
        assert len(received) < count


@pytest.mark.long
async def test_a_subscription_goes_on_after_the_nats_server_was_started_again(broker: Broker) -> None:
    service, gaps = Service(NAME), list[Gap]()
    news = service.topic("news", int)
    address = f"{broker.url}/{NAME}"
    async with (
        nats.serve(service, address),
        aio.Client(address, reconnect=True, call_timeout=LONG) as client,
        client.subscribe("news", int, resume=True, on_gap=gaps.append) as messages,
    ):
        news.publish(1)
        assert await messages.receive(timeout=LONG) == 1
        broker.kill()
        broker.start()
        reading, number = asyncio.create_task(messages.receive(timeout=LONG)), 1
        while not reading.done():  # what is published while neither side is back is lost
            number += 1
            news.publish(number)
            await asyncio.wait([reading], timeout=0.05)
        assert 1 < await reading <= number
        assert gaps == [Gap("news", None)]
