"""What holds while NATS servers, instances and connections come and go: no wrong answer, and no call run twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from bridges.broker import Broker
from bridges.conftest import Bus
from bridges.faulty import Counting, Load, Proxy
from localsocket import CallLimits, Client, Service, aio
from localsocket.bridges import calling_side, carrying, nats
from localsocket.errors import ClosedByPeer, DeadlinePassed
from localsocket.interfaces import MIB
from localsocket.testing import wait_until

LONG = 30.0
LATE = 0.1
"""Seconds after which an instance asks whether a call is still wanted."""
NAME = "demo.counting"


async def test_calls_while_the_server_is_killed_and_started_again_are_right_and_run_once(broker: Broker) -> None:
    counting = Counting()
    async with nats.serve(counting.instance(), broker.url), Load(f"{broker.url}/{NAME}", 4) as load:
        for _ in range(3):
            await load.more(20)
            await asyncio.to_thread(broker.kill)
            await asyncio.to_thread(broker.start)
        await load.more(20)
    assert (load.outcome.wrong, counting.twice) == (0, 0)


async def test_a_call_that_a_server_held_back_past_its_deadline_is_not_run(broker: Broker) -> None:
    counting = Counting()
    async with (
        nats.serve(counting.instance(), broker.url),
        aio.Client(f"{broker.url}/{NAME}", call_timeout=LONG) as client,
    ):
        assert await client.call("double", 1) == 2
        broker.pause()
        with pytest.raises(DeadlinePassed):
            await client.call("double", 2, timeout=0.3)
        broker.resume()
        assert await client.call("double", 3) == 6
    assert sorted(counting.runs) == [1, 3]


async def test_a_call_without_a_deadline_that_was_cancelled_while_it_was_held_back_is_not_run(broker: Broker) -> None:
    counting = Counting()
    async with (
        nats.serve(counting.instance(), broker.url),
        aio.Client(f"{broker.url}/{NAME}", call_timeout=LONG) as client,
    ):
        assert await client.call("double", 1) == 2
        unlimited = client.within(None)
        broker.pause()
        wanted, given_up = unlimited.start("double", 2), unlimited.start("double", 3)
        await asyncio.sleep(5 * LATE)
        given_up.cancel()
        await asyncio.wait([given_up])
        broker.resume()
        assert await wanted == 4
    assert sorted(counting.runs) == [1, 2]


@pytest.fixture
def paused(broker: Broker) -> Iterator[Broker]:
    """A NATS server that is stopped once a client of it has greeted, and goes on at the end."""
    yield broker
    broker.resume()


@pytest.mark.parametrize("timeout", [0, LATE])
async def test_closing_in_a_loop_says_how_much_a_server_that_is_paused_was_not_sent(
    paused: Broker, timeout: float
) -> None:
    async with nats.serve(Counting().instance(), paused.url):
        client = aio.Client(f"{paused.url}/{NAME}", limits=CallLimits(unsent=64 * MIB))
        await client.open()
        paused.pause()
        for _ in range(64):
            await client.notify("double", bytes(MIB // 2))
        with pytest.raises(DeadlinePassed) as late:
            await client.close(timeout=timeout)
        assert MIB < late.value.queued < 64 * MIB
        await client.close()
        paused.resume()


async def test_what_a_closed_client_has_sent_and_a_server_that_is_paused_has_not_taken_is_logged(
    paused: Broker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "CLOSE_TIMEOUT", LATE)
    async with nats.serve(Counting().instance(), paused.url):
        client = Client(f"{paused.url}/{NAME}", limits=CallLimits(unsent=64 * MIB))
        await asyncio.to_thread(client.open)
        paused.pause()
        for _ in range(64):
            await asyncio.to_thread(client.notify, "double", bytes(MIB // 2))
        await asyncio.to_thread(client.close)
        await asyncio.to_thread(wait_until, lambda: "has not all been sent" in caplog.text)
        paused.resume()


@pytest.mark.long
async def test_a_server_that_is_paused_costs_no_answer(broker: Broker) -> None:
    counting = Counting()
    async with nats.serve(counting.instance(), broker.url), Load(f"{broker.url}/{NAME}", 4, timeout=0.2) as load:
        for _ in range(3):
            await load.more(20)
            broker.pause()
            await asyncio.sleep(0.3)  # so that calls pass their deadlines
            broker.resume()
        await load.more(20)
    assert (load.outcome.wrong, counting.twice) == (0, 0)


async def test_two_instances_are_restarted_in_turn_without_one_failed_call(bus: Bus) -> None:
    counting = Counting()
    address = bus.address(NAME)
    async with contextlib.AsyncExitStack() as stack:
        instances = [await nats.serve(counting.instance(), address) for _ in range(2)]
        async with Load(address, 4, timeout=LONG) as load:
            for turn in range(4):
                await load.more(20)
                await instances[turn % 2].stop(timeout=LONG)
                instances[turn % 2] = await nats.serve(counting.instance(), address)
            await load.more(20)
        for instance in instances:
            await stack.enter_async_context(instance)
    assert set(load.outcome.ended) == {"right"}
    assert counting.twice == 0


async def test_messages_that_come_twice_are_taken_once(broker: Broker) -> None:
    """Behind a proxy of both sides that says each message twice."""
    counting = Counting()
    service = counting.instance()

    @service.method
    async def count(to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    async with Proxy(broker.port, doubles=True) as proxy:
        url = f"nats://127.0.0.1:{proxy.port}"
        async with nats.serve(service, url), aio.Client(f"{url}/{NAME}", call_timeout=LONG) as client:
            answers = await asyncio.gather(*(client.call("double", number) for number in range(50)))
            assert answers == [2 * number for number in range(50)]
            assert [item async for item in client.stream("count", 50)] == list(range(50))
        assert proxy.doubled > 100
    assert counting.twice == 0


async def test_connections_that_are_cut_and_slow_cost_no_wrong_answer(broker: Broker) -> None:
    counting = Counting()
    async with (
        Proxy(broker.port, delay=0.002) as proxy,
        nats.serve(counting.instance(), broker.url),
        Load(f"nats://127.0.0.1:{proxy.port}/{NAME}", 4) as load,
    ):
        for _ in range(3):
            await load.more(10)
            proxy.cut()
        await load.more(10)
    assert (load.outcome.wrong, counting.twice) == (0, 0)


async def test_many_clients_come_back_after_the_server(broker: Broker) -> None:
    counting = Counting()
    async with nats.serve(counting.instance(), broker.url), Load(f"{broker.url}/{NAME}", 20, pause=0.05) as load:
        await load.more(20)
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.start)
        await load.more(40)
    assert (load.outcome.wrong, counting.twice) == (0, 0)


async def test_an_instance_that_dies_without_a_word_loses_what_it_had(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a call without a deadline ends: it is asked for, and nobody has it."""
    monkeypatch.setattr(calling_side, "ASK_AFTER", 0.05)
    service = Service(NAME)
    held = asyncio.Event()

    @service.method
    async def hold() -> None:
        held.set()
        await asyncio.Event().wait()

    @service.method
    async def drip() -> AsyncIterator[int]:
        yield 1
        await asyncio.Event().wait()

    async with nats.serve(service, bus.address(NAME)) as serving, aio.Client(bus.address(NAME)) as client:
        items = client.stream("drip")
        assert await anext(items) == 1
        call = client.start("hold")
        await held.wait()
        monkeypatch.setattr(serving, "_do", lambda _action: None)
        serving._instance._do = lambda _action: None  # from here on it says nothing
        with pytest.raises(ClosedByPeer):
            async with asyncio.timeout(LONG):
                await call
        with pytest.raises(ClosedByPeer):
            await items.receive(timeout=LONG)
