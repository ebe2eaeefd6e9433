"""A task that is cancelled at any of its awaits costs its own call, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from aio.interrupting import CANCELLING, Interruption, at_every_suspension
from interrupts.test_client import ADDRESS, Served, check_nothing_is_under_way, served  # noqa: F401 - the fixture
from localsocket import aio
from localsocket.testing import PATIENCE

Call = Callable[[aio.Client], Awaitable[object]]


async def take_a_stream(client: aio.Client) -> None:
    async with client.stream("count", 3) as stream:
        assert [item async for item in stream] == [0, 1, 2]


async def take_a_stream_item_by_item(client: aio.Client) -> None:
    async with client.stream("count", 3, prefetch=1, idle_timeout=PATIENCE) as stream:
        assert [item async for item in stream] == [0, 1, 2]


async def subscribe(client: aio.Client) -> None:
    async with client.subscribe("ticks"):
        pass


CALLS: dict[str, Call] = {
    "call": lambda client: client.call("add", 2, 3, timeout=PATIENCE),
    "call with much": lambda client: client.call("echo", bytes(400_000), timeout=PATIENCE),
    "notify": lambda client: client.notify("note", "said"),
    "take a stream": take_a_stream,
    "take a stream item by item": take_a_stream_item_by_item,
    "subscribe": subscribe,
    "describe": lambda client: client.describe(timeout=PATIENCE),
}


@pytest.mark.parametrize("way", CANCELLING)
@pytest.mark.parametrize("which", CALLS)
@pytest.mark.parametrize("is_connected", [True, False])
async def test_a_task_that_is_cancelled_costs_its_own_call(
    served: Served,  # noqa: F811
    way: type[Interruption],
    which: str,
    is_connected: bool,
) -> None:
    async def scenario(interruption: Interruption) -> None:
        client = aio.Client(ADDRESS)
        if is_connected:
            await client.open()
        await interruption(CALLS[which](client), lambda number: None)
        assert await client.call("add", 20, 3, timeout=PATIENCE) == 23
        assert client.stats().active_calls == 0
        await client.close()
        async with asyncio.timeout(PATIENCE):
            while served.service.stats().open_connections:
                await asyncio.sleep(0.001)
        check_nothing_is_under_way(served)

    assert await at_every_suspension(way, scenario) > 0 or (is_connected and which == "notify")
