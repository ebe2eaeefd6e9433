"""Subscriptions whose instance has gone and been replaced before the client could notice that nobody was there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from bridges.conftest import Bus
from bridges.faulty import Proxy
from localsocket import Service, aio
from localsocket.bridges import nats
from localsocket.errors import ClosedByPeer, NoSuchTopic
from localsocket.services.client_core import MOST_ATTEMPTS
from localsocket.services.gap import Gap
from localsocket.services.topic import Topic

NAME = "demo.shop"
LONG = 30.0


def publishing(topic: str) -> tuple[Service, Topic[int]]:
    service = Service(NAME)

    @service.method
    async def who() -> str:
        return topic

    return service, service.topic(topic, int)


class Replaced:
    """A client that follows `news`, and says nothing from when its instance stops until another one serves."""

    def __init__(self, bus: Bus, *, by_bridge: bool = False) -> None:
        self._by_bridge = by_bridge
        self._address = bus.address(NAME)
        self._port = int(bus.url.rpartition(":")[2])
        self.before, self.news = publishing("news")
        self.gaps: list[Gap] = []

    @contextlib.asynccontextmanager
    async def following(self, *, resume: bool) -> AsyncIterator[aio.Subscription[int]]:
        async with Proxy(self._port) as self.proxy, contextlib.AsyncExitStack() as stack:
            address = self._address.replace(f":{self._port}/", f":{self.proxy.port}/", 1)
            self.serving = await nats.serve(self.before, self._address)
            if self._by_bridge:
                await stack.enter_async_context(nats.offer_locally(address, "shop.here"))
                address = "shop.here"
            async with (
                aio.Client(address, reconnect=True, call_timeout=LONG) as self.client,
                self.client.subscribe("news", int, resume=resume, on_gap=self.gaps.append) as messages,
            ):
                self.news.publish(1)
                assert await messages.receive(timeout=LONG) == 1
                yield messages
                await self.client.close()

    @contextlib.asynccontextmanager
    async def by(self, after: Service) -> AsyncIterator[None]:
        self.proxy.lets_through.clear()
        await self.serving.stop()
        async with nats.serve(after, self._address):
            yield


@pytest.mark.parametrize("by_bridge", [False, True], ids=["direct", "by a bridge"])
@pytest.mark.parametrize("resume", [True, False])
async def test_a_subscription_ends_where_the_next_instance_does_not_have_its_topic(
    bus: Bus, resume: bool, by_bridge: bool
) -> None:
    replaced = Replaced(bus, by_bridge=by_bridge)
    async with replaced.following(resume=resume) as messages, replaced.by(publishing("later")[0]):
        replaced.proxy.lets_through.set()
        for _ in range(2):
            with pytest.raises(NoSuchTopic):
                await messages.receive(timeout=LONG)


@pytest.mark.parametrize("by_bridge", [False, True], ids=["direct", "by a bridge"])
async def test_a_subscription_is_resumed_at_the_next_instance_and_what_is_missing_is_not_known(
    bus: Bus, by_bridge: bool
) -> None:
    replaced, (after, news) = Replaced(bus, by_bridge=by_bridge), publishing("news")
    async with replaced.following(resume=True) as messages, replaced.by(after):
        reading = asyncio.create_task(messages.receive(timeout=LONG))
        replaced.proxy.lets_through.set()
        while not replaced.gaps:
            await asyncio.wait([reading], timeout=0.01)
            assert not reading.done()
        news.publish(2)
        assert (await reading, replaced.gaps) == (2, [Gap("news", None)])


async def test_a_message_of_the_next_instance_tells_that_it_is_another(bus: Bus) -> None:
    """Though it comes before the answer to what the client has asked, which would have told it."""
    replaced, (after, news) = Replaced(bus), publishing("news")
    async with replaced.following(resume=False) as messages, replaced.by(after):
        news.publish(2)
        with pytest.raises(ClosedByPeer):
            await messages.receive(timeout=LONG)
        replaced.proxy.lets_through.set()


async def test_a_subscription_ends_with_its_server_where_it_is_not_to_be_resumed(bus: Bus) -> None:
    replaced = Replaced(bus)
    async with replaced.following(resume=False) as messages, replaced.by(publishing("news")[0]):
        replaced.proxy.lets_through.set()
        with pytest.raises(ClosedByPeer):
            await messages.receive(timeout=LONG)


async def test_a_call_that_waits_for_the_next_instance_does_not_hide_that_it_is_another(bus: Bus) -> None:
    replaced = Replaced(bus)
    async with replaced.following(resume=True) as messages:
        replaced.proxy.lets_through.clear()
        call = replaced.client.start("who")
        async with replaced.by(publishing("later")[0]):
            replaced.proxy.lets_through.set()
            with pytest.raises(NoSuchTopic):
                await messages.receive(timeout=LONG)
            assert await call == "later"


async def test_a_repeatable_call_is_counted_where_it_loses_an_instance_that_is_replaced_each_time(bus: Bus) -> None:
    ran = asyncio.Queue[int]()

    def deadly() -> Service:
        service = Service(NAME)

        @service.method(idempotent=True)
        async def die() -> None:
            ran.put_nowait(1)
            await asyncio.get_running_loop().create_future()

        return service

    async with Proxy(int(bus.url.rpartition(":")[2])) as proxy:
        address = bus.address(NAME)
        serving = await nats.serve(deadly(), address)
        through = address.replace(f":{bus.url.rpartition(':')[2]}/", f":{proxy.port}/", 1)
        async with aio.Client(through, reconnect=True) as client:
            call = client.start("die", timeout=None)
            for _ in range(MOST_ATTEMPTS):
                await asyncio.wait_for(ran.get(), LONG)
                proxy.lets_through.clear()
                await serving.stop(timeout=0)
                serving = await nats.serve(deadly(), address)
                proxy.lets_through.set()
            with pytest.raises(ClosedByPeer) as told:
                await call
            assert told.value.attempts == MOST_ATTEMPTS
        await serving.stop()
    assert ran.empty()


async def test_a_subscription_goes_on_without_a_gap_while_another_instance_is_there(bus: Bus) -> None:
    replaced, (other, news) = Replaced(bus), publishing("news")
    async with replaced.following(resume=False) as messages, nats.serve(other, bus.address(NAME)) as serving:
        while not serving.callers:
            await replaced.client.call("who")
        async with replaced.by(publishing("news")[0]):
            replaced.proxy.lets_through.set()
            await replaced.client.call("who")
            for number in range(2, 5):
                news.publish(number)
                assert await messages.receive(timeout=LONG) == number
    assert not replaced.gaps
