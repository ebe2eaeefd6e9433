"""What services and clients tell about themselves: calls, errors, bytes, queues and latencies."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsocket import CallLimits, Client, Service, aio
from localsocket.errors import CallFailed, DeadlinePassed, LocalSocketError, NoSuchMethod, UnsuitableMessage
from localsocket.interfaces import KIB
from localsocket.services.histogram import LatencyHistogram
from localsocket.services.stats import ClientStats, ServiceStats
from localsocket.testing import PATIENCE, wait_until
from services.conftest import ADDRESS, Serve


class Counted:
    def __init__(self) -> None:
        self.service = Service("counted")
        self.gate = threading.Event()
        for method in (self.echo, self.make, self.fail, self.hold, self.count):
            self.service.method(method)
        self.topic = self.service.topic("ticks", bytes, queue=5)

    def echo(self, data: bytes) -> bytes:
        return data

    def make(self, size: int) -> bytes:
        return bytes(size)

    def fail(self) -> None:
        raise KeyError

    def hold(self) -> None:
        self.gate.wait(PATIENCE)

    def count(self, to: int) -> Iterator[int]:
        yield from range(to)


# --- of a service -----------------------------------------------------------------------------------------------------


def test_a_service_that_nobody_calls_counts_nothing(serve: Serve) -> None:
    counted = Counted()
    with serve(counted.service):
        assert set(counted.service.stats().to_dict().values()) == {0}


def test_a_service_counts_calls_and_what_became_of_them(serve: Serve) -> None:
    counted = Counted()
    with serve(counted.service), Client(ADDRESS) as client:
        for _ in range(10):
            client.call("echo", b"x" * 100)
        for bad in (("fail",), ("nonsense",), ("echo", 7)):
            with pytest.raises(LocalSocketError):
                client.call(*bad)
        list(client.stream("count", 3))
        client.notify("fail")
        client.call("echo", b"")
        wait_until(lambda: counted.service.stats().errors == 4, "the notification to fail")
        stats = counted.service.stats()
        assert (stats.calls, stats.errors, stats.active_calls) == (16, 4, 0)
        assert stats.bytes_received > 10 * 100
        assert stats.bytes_sent > 10 * 100
        assert (stats.connections, stats.open_connections, stats.dropped_peers) == (1, 1, 0)
        assert 0 < stats.latency_p50 <= stats.latency_p90 <= stats.latency_p99 < PATIENCE


def test_both_sides_count_the_same_bytes(serve: Serve) -> None:
    counted = Counted()
    with serve(counted.service), Client(ADDRESS) as client:
        client.call("echo", bytes(100_000))
        list(client.stream("count", 100))
        ours, theirs = client.stats(), counted.service.stats()
        assert (ours.bytes_sent, ours.bytes_received) == (theirs.bytes_received, theirs.bytes_sent)
        assert ours.bytes_sent > 100_000 < ours.bytes_received


def test_a_service_tells_what_is_under_way(serve: Serve) -> None:
    counted = Counted()
    few = CallLimits(stream=100)
    with serve(counted.service), Client(ADDRESS, limits=few) as client, Client(ADDRESS) as other:
        held = [client.start("hold") for _ in range(3)]
        wait_until(lambda: counted.service.stats().active_calls == 3, "them to be under way")
        subscription = client.subscribe("ticks")
        assert counted.service.stats().subscribers == 1
        for _ in range(20):
            counted.topic.publish(bytes(90))
        wait_until(lambda: counted.service.stats().items_queued == 5, "the queue to be full")
        assert counted.service.stats().open_connections == 2
        subscription.close()
        other.close()
        counted.gate.set()
        for call in held:
            call.result()
        wait_until(lambda: counted.service.stats().active_calls == 0, "nothing to be under way")
        wait_until(lambda: counted.service.stats().open_connections == 1, "the other to be gone")
        stats = counted.service.stats()
        assert (stats.connections, stats.subscribers, stats.items_queued) == (2, 0, 0)


def test_a_service_tells_how_much_waits_to_be_read(serve: Serve) -> None:
    counted = Counted()
    with serve(counted.service), Client(ADDRESS) as deaf:
        calls = [deaf.start("make", 200 * KIB) for _ in range(4)]
        wait_until(lambda: counted.service.stats().bytes_unsent > 100 * KIB, "answers to wait")
        for call in calls:
            call.result(timeout=PATIENCE)
        wait_until(lambda: counted.service.stats().bytes_unsent == 0, "all to be read")


# --- of a client ------------------------------------------------------------------------------------------------------


def test_a_client_counts_calls_and_what_became_of_them(serve: Serve) -> None:
    counted = Counted()
    with serve(counted.service), Client(ADDRESS) as client:
        assert client.stats() == dataclasses.replace(
            client.stats(), connections=1, calls=0, active_calls=0, errors=0, latency_p50=0, latency_p99=0
        )
        for _ in range(10):
            client.call("echo", b"x")
        for bad, kind in ((("fail",), CallFailed), (("nonsense",), NoSuchMethod)):
            with pytest.raises(kind):
                client.call(*bad)
        with pytest.raises(DeadlinePassed):
            client.call("hold", timeout=0.02)
        list(client.stream("count", 3))
        client.subscribe("ticks").close()
        client.notify("echo", b"x")
        held = client.start("hold")
        stats = client.stats()
        assert (stats.calls, stats.errors, stats.active_calls) == (17, 3, 1)
        counted.gate.set()
        held.result()
        assert client.stats().active_calls == 0
        assert 0 < stats.latency_p50 <= stats.latency_p90 <= stats.latency_p99 < PATIENCE


def test_errors_count_also_where_another_call_received_the_answer(serve: Serve) -> None:
    counted = Counted()
    with serve(counted.service), Client(ADDRESS) as client:
        calls = [client.start("fail") for _ in range(5)]
        client.call("echo", b"x")
        for call in calls:
            for _ in range(2):
                with pytest.raises(CallFailed):
                    call.result()
        assert client.stats().errors == 5
        assert client._core.tally.latencies.total == 6


async def test_a_client_of_tasks_counts_as_one_of_threads_does() -> None:
    counted = Counted()
    async with aio.serve(ADDRESS, counted.service), aio.Client(ADDRESS) as client:
        for _ in range(10):
            await client.call("echo", b"x")
        for bad, kind in ((("fail",), CallFailed), (("nonsense",), NoSuchMethod)):
            with pytest.raises(kind):
                await client.call(*bad)
        with pytest.raises(DeadlinePassed):
            await client.call("hold", timeout=0.02)
        assert [item async for item in client.stream("count", 3)] == [0, 1, 2]
        await (await client.subscribe("ticks")).close()
        await client.notify("echo", b"x")
        held = client.start("hold")
        await asyncio.sleep(0)
        stats = client.stats()
        assert (stats.calls, stats.errors, stats.active_calls, stats.connections) == (17, 3, 1, 1)
        counted.gate.set()
        await held
        assert client.stats().active_calls == 0


async def test_a_call_that_is_cancelled_counts_as_an_error_too() -> None:
    counted = Counted()
    async with aio.serve(ADDRESS, counted.service), aio.Client(ADDRESS) as client:
        held = client.start("hold")
        await asyncio.sleep(0)
        held.cancel()
        with pytest.raises(asyncio.CancelledError):
            await held
        assert (client.stats().errors, client.stats().active_calls) == (1, 0)
        counted.gate.set()


def test_a_call_that_could_not_be_made_is_no_call_under_way(serve: Serve) -> None:
    with serve(Counted().service), Client(ADDRESS) as client:
        with pytest.raises(UnsuitableMessage):
            client.call("echo", object())
        assert client.stats().active_calls == 0


@pytest.mark.parametrize("kind", [ServiceStats, ClientStats])
def test_stats_can_be_written_as_json(kind: Any) -> None:
    numbers = {field.name: number for number, field in enumerate(dataclasses.fields(kind))}
    stats = kind(**numbers)
    assert json.loads(json.dumps(stats.to_dict())) == numbers
    with pytest.raises(dataclasses.FrozenInstanceError):
        stats.calls = 1


# --- percentiles ------------------------------------------------------------------------------------------------------


@pytest.mark.long
@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=50), st.floats(0, 100))
def test_a_percentile_is_true_to_an_eighth(durations: list[int], percent: float) -> None:
    histogram = LatencyHistogram()
    for duration in durations:
        histogram.add(duration)
    index = max(0, -(-int(len(durations) * percent) // 100) - 1)
    exact = sorted(durations)[index]
    found = histogram.percentile(percent) * 1e9
    wanted = {sorted(durations)[each] for each in (index, min(index + 1, len(durations) - 1))}
    assert any(each <= found * 1.000001 + 1 and found <= each * 1.13 + 16 for each in wanted), (exact, found)


def test_there_is_no_percentile_of_nothing() -> None:
    assert LatencyHistogram().percentile(50) == 0.0
