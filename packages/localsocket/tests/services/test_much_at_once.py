"""Many calls at once, and long ones: over one connection, from many threads and tasks, nothing is lost or mixed."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from localsocket import CallLimits, Client, Service, aio
from localsocket.errors import SubscriberTooSlow
from localsocket.interfaces import KIB, MIB
from localsocket.testing import PATIENCE, Background
from services.conftest import ADDRESS, Serve

CALLS = 10_000
THREADS = 16
LONG = 200 * KIB


def echoing_service(*, is_async: bool = False, **limits: Any) -> Service:
    service = Service("demo", limits=CallLimits(**limits))

    def echo(data: bytes) -> bytes:
        return data

    def make(size: int, number: int) -> bytes:
        return bytes([number]) * size

    async def echo_later(data: bytes) -> bytes:
        return data

    async def make_later(size: int, number: int) -> bytes:
        return bytes([number]) * size

    service.method(echo_later if is_async else echo, name="echo")
    service.method(make_later if is_async else make, name="make")
    return service


@contextlib.asynccontextmanager
async def served(service: Service) -> AsyncIterator[aio.Client]:
    async with aio.serve(ADDRESS, service), aio.Client(ADDRESS) as client:
        yield client


# --- many ---------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_ten_thousand_calls_of_sixteen_threads_all_get_their_own_answer(serve: Serve) -> None:
    each = CALLS // THREADS

    def call_many(thread: int) -> None:
        sent = [b"%d:%d" % (thread, number) for number in range(each)]
        calls: list[Any] = []
        for number, data in enumerate(sent):
            calls.append(client.start("echo", data))
            if number >= 32:  # as many as each has under way
                assert calls[number - 32].result(timeout=PATIENCE) == sent[number - 32]
        assert [call.result(timeout=PATIENCE) for call in calls] == sent

    service = echoing_service()
    with serve(service), Client(ADDRESS) as client:
        callers = [Background(call_many, thread) for thread in range(THREADS)]
        for caller in callers:
            caller.result(timeout=4 * PATIENCE)
        stats = service.stats()
        assert (stats.calls, stats.errors, stats.connections, stats.active_calls) == (CALLS, 0, 1, 0)
        assert (client.stats().calls, client.stats().errors) == (CALLS, 0)


@pytest.mark.long
async def test_ten_thousand_calls_of_many_tasks_all_get_their_own_answer() -> None:
    service = echoing_service(is_async=True)
    async with served(service) as client:

        async def call_many(task: int) -> None:
            for number in range(CALLS // 64):
                data = b"%d:%d" % (task, number)
                assert await client.call("echo", data) == data

        async with asyncio.timeout(2 * PATIENCE):
            await asyncio.gather(*map(call_many, range(64)))
        assert service.stats().errors == 0
        assert client.stats().calls == CALLS // 64 * 64


# --- long ---------------------------------------------------------------------------------------------------------


def test_as_many_calls_as_may_be_under_way_all_get_long_answers(serve: Serve) -> None:
    service = echoing_service()
    with serve(service), Client(ADDRESS) as client:
        calls = [client.start("make", LONG, number) for number in range(256)]
        for number, call in enumerate(calls):
            assert call.result(timeout=PATIENCE) == bytes([number]) * LONG
        assert service.stats().dropped_peers == 0


@pytest.mark.long
async def test_as_many_tasks_as_may_be_under_way_all_get_long_answers() -> None:
    service = echoing_service(is_async=True)
    async with served(service) as client:
        answers = await asyncio.gather(*(client.call("make", LONG, number) for number in range(256)))
        assert answers == [bytes([number]) * LONG for number in range(256)]
        assert service.stats().dropped_peers == 0


def test_answers_of_many_threads_of_a_service_wait_for_each_other(serve: Serve) -> None:
    together = threading.Barrier(12)
    service = echoing_service()

    @service.method
    def together_with_others() -> bytes:
        together.wait(PATIENCE)
        return bytes(MIB - 100)

    with serve(service), Client(ADDRESS) as client:
        calls = [client.start("together_with_others") for _ in range(12)]
        assert {len(call.result(timeout=PATIENCE)) for call in calls} == {MIB - 100}


def test_many_threads_that_send_much_at_once_all_come_through(serve: Serve) -> None:
    def call_some(number: int) -> None:
        data = bytes([number]) * (MIB - 100)
        for _ in range(2):
            assert client.call("echo", data, timeout=PATIENCE) == data

    with serve(echoing_service()), Client(ADDRESS) as client:
        callers = [Background(call_some, number) for number in range(24)]
        for caller in callers:
            caller.result(timeout=2 * PATIENCE)


@pytest.mark.long
async def test_many_tasks_that_send_much_at_once_all_come_through() -> None:
    async with served(echoing_service(is_async=True)) as client:

        async def call_later(number: int) -> None:
            for _ in range(number % 4):
                await asyncio.sleep(0)
            data = bytes([number]) * (MIB - 100)
            assert await client.call("echo", data) == data

        async with asyncio.timeout(2 * PATIENCE):
            await asyncio.gather(*map(call_later, range(48)))


@pytest.mark.parametrize("policy", ["drop_oldest", "block", "disconnect"])
def test_long_messages_of_a_topic_wait_in_its_queue_and_nowhere_else(serve: Serve, policy: Any) -> None:
    service = echoing_service()
    topic = service.topic("pictures", bytes, queue=4, policy=policy)

    def publish(thread: int) -> None:
        for _ in range(20):
            with contextlib.suppress(TimeoutError):
                topic.publish(bytes(MIB - 100), timeout=0.01)

    with serve(service), Client(ADDRESS) as deaf, Client(ADDRESS) as client:
        subscription = deaf.subscribe("pictures")
        publishers = [Background(publish, thread) for thread in range(4)]
        for publisher in publishers:
            publisher.result(timeout=PATIENCE)
        assert topic.items_queued <= 4
        assert service.stats().bytes_unsent <= 3 * MIB
        assert client.call("echo", b"others") == b"others"
        assert service.stats().dropped_peers == 0
        with contextlib.suppress(SubscriberTooSlow):
            assert len(subscription.receive(timeout=PATIENCE)) == MIB - 100
