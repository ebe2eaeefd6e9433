"""Faults over NATS in large numbers, which take minutes; `-s` shows the counts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridges.broker import Broker
from bridges.cluster import Cluster, cluster, why_no_hosts
from bridges.conftest import what_is_missing
from bridges.faulty import Counting, Load
from localsocket.bridges import nats

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

NAME = "demo.counting"
RESTARTS = 100
STORM = 200


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Cluster]:
    if (missing := what_is_missing() or why_no_hosts()) is not None:
        pytest.skip(missing)
    with cluster(tmp_path) as made:
        yield made


async def test_a_server_that_is_killed_or_stopped_a_hundred_times_under_load(broker: Broker) -> None:
    counting = Counting()
    async with (
        nats.serve(counting.instance(), broker.url),
        nats.serve(counting.instance(), broker.url),
        Load(f"{broker.url}/{NAME}", 8) as load,
    ):
        for turn in range(RESTARTS):
            await load.more(5)
            if turn % 4 == 3:
                broker.pause()
                await asyncio.sleep(0.3)
                broker.resume()
            else:
                await asyncio.to_thread(broker.kill)
                await asyncio.to_thread(broker.start)
        await load.more(50)
    print(f"\n{RESTARTS} times killed or stopped: {load.outcome}; twice: {counting.twice}")
    assert (load.outcome.wrong, counting.twice) == (0, 0)


async def test_two_hundred_clients_come_back_at_once(broker: Broker) -> None:
    counting = Counting()
    async with (
        nats.serve(counting.instance(), broker.url),
        Load(f"{broker.url}/{NAME}", STORM, timeout=30.0, pause=0.5) as load,
    ):
        for _ in range(5):
            await load.more(STORM)
            await asyncio.to_thread(broker.kill)
            await asyncio.to_thread(broker.start)
        await load.more(2 * STORM)
    print(f"\n{STORM} clients, 5 restarts: {load.outcome}; twice: {counting.twice}")
    assert (load.outcome.wrong, counting.twice) == (0, 0)


async def test_three_hosts_of_which_one_is_cut_off_and_brought_back(hosts: Cluster) -> None:
    async with Load(f"{hosts.url(1, 2)}/{NAME}", 8) as load:
        for _ in range(5):
            await load.more(100)
            await asyncio.to_thread(hosts.cut_off, 3)
            await load.more(100)
            await asyncio.to_thread(hosts.bring_back, 3)
        await load.more(200)
    twice = sum(count > 1 for count in hosts.runs().values())
    print(f"\nthree hosts, one cut off 5 times: {load.outcome}; twice: {twice}")
    assert (load.outcome.wrong, twice) == (0, 0)
