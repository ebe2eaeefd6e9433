"""What is particular to calls from tasks: awaiting, iterating, cancelling, and many of them in one loop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol

import pytest

from localsocket import CallLimits, Service, aio, current_call
from localsocket.errors import (
    CallFailed,
    ClosedByPeer,
    ClosedByUs,
    DeadlinePassed,
    EndOfStream,
    NoSuchMethod,
    NoSuchTopic,
    TooLongToSend,
)
from localsocket.testing import PATIENCE
from services.conftest import ADDRESS


class Tasks:
    """A service of coroutine functions; `events` tells what became of them."""

    def __init__(self, **options: Any) -> None:
        self.service = Service("tasks", **options)
        self.gate = asyncio.Event()
        self.events: list[str] = []
        for method in (self.add, self.hold, self.count, self.plain, self.plain_count, self.stubborn):
            self.service.method(method)
        self.topic = self.service.topic("news", int)

    async def add(self, a: int, b: int) -> int:
        return a + b

    async def hold(self) -> str:
        self.events.append("held")
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.events.append("cancelled")
            raise
        return "released"

    async def stubborn(self) -> str:
        """Takes its time to end when it is cancelled."""
        self.events.append("held")
        try:
            await self.gate.wait()
        finally:
            await asyncio.sleep(0.02)
            self.events.append("ended")
        return "released"

    async def count(self, to: int) -> AsyncIterator[int]:
        try:
            for number in range(to):
                yield number
        finally:
            self.events.append("closed")

    def plain(self) -> str:
        return current_call().method.name

    def plain_count(self, to: int) -> Iterator[int]:
        assert current_call().method.name == "plain_count"
        yield from range(to)

    async def until(self, *events: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while not all(self.events.count(event) >= events.count(event) for event in events):
                await asyncio.sleep(0.001)


class Typed(Protocol):
    async def add(self, a: int, b: int) -> int: ...
    def count(self, to: int) -> AsyncIterator[int]: ...


@contextlib.asynccontextmanager
async def served(**options: Any) -> AsyncIterator[tuple[aio.Client, Tasks]]:
    tasks = Tasks(**options)
    async with aio.serve(ADDRESS, tasks.service), aio.Client(ADDRESS, call_timeout=PATIENCE) as client:
        try:
            yield client, tasks
        finally:
            tasks.gate.set()


# --- ways to call ---------------------------------------------------------------------------------------------------


async def test_what_a_proxy_gives_may_be_awaited_iterated_or_run_as_a_task() -> None:
    async with served() as (client, _):
        assert await client.proxy.add(2, b=3) == 5
        assert [item async for item in client.proxy.count(3)] == [0, 1, 2]
        assert await asyncio.create_task(client.proxy.add(2, 3)) == 5
        assert await asyncio.gather(client.proxy.add(1, 1), client.proxy.add(2, 2)) == [2, 4]
        assert await asyncio.wait_for(client.proxy.add(2, 3), PATIENCE) == 5
        stream = await client.proxy.count(3)
        assert [item async for item in stream] == [0, 1, 2]
        never = client.proxy.add(2, 3)
        assert inspect.isawaitable(never)
        never.close()
        assert client.stats().calls == 7


async def test_a_typed_proxy_is_awaited_and_iterated_as_its_class_says() -> None:
    async with served() as (client, _):
        typed = client.typed(Typed)
        assert await typed.add(2, 3) == 5
        assert [item async for item in typed.count(3)] == [0, 1, 2]
        assert await client.within(PATIENCE).typed(Typed).add(2, 3) == 5


async def test_a_stream_is_begun_by_entering_awaiting_or_iterating() -> None:
    async with served() as (client, tasks):
        unused = client.stream("count", 3)
        async with client.stream("count", 3) as stream:
            assert await stream.receive() == 0
        stream = await client.stream("count", 3)
        assert [item async for item in stream] == [0, 1, 2]
        with pytest.raises(EndOfStream):
            await stream.receive()
        assert client.stats().calls == 2
        await unused.close()
        await tasks.until("closed", "closed")


async def test_what_cannot_begin_says_why_when_it_is_awaited() -> None:
    async with served() as (client, _):
        with pytest.raises(NoSuchTopic):
            await client.subscribe("nothing")
        with pytest.raises(NoSuchMethod):
            async with client.stream("nothing"):
                pass
        with pytest.raises(NoSuchMethod):
            async for _ in client.proxy.nothing():
                pass


async def test_a_stream_that_could_not_be_made_says_so_again() -> None:
    async with served(limits=CallLimits(message=1000)) as (client, _):
        stream = client.stream("count", "x" * 2000)
        for _ in range(2):
            with pytest.raises(TooLongToSend):
                await anext(stream)


# --- cancelling -----------------------------------------------------------------------------------------------------


async def test_cancelling_a_task_cancels_the_one_that_serves_it() -> None:
    async with served() as (client, tasks):
        calls = [client.start("hold") for _ in range(3)]
        await tasks.until("held", "held", "held")
        calls[1].cancel()
        with pytest.raises(asyncio.CancelledError):
            await calls[1]
        await tasks.until("cancelled")
        tasks.gate.set()
        assert [await call for call in calls[::2]] == ["released", "released"]
        assert tasks.events.count("cancelled") == 1


async def within_a_timeout(client: aio.Client) -> object:
    async with asyncio.timeout(0.02):
        return await client.proxy.hold()


@pytest.mark.parametrize("way", ["wait_for", "timeout", "within"])
async def test_every_kind_of_time_out_cancels_it_too(way: str) -> None:
    async with served() as (client, tasks):
        ways = {
            "wait_for": lambda: asyncio.wait_for(client.call("hold"), 0.02),
            "timeout": lambda: within_a_timeout(client),
            "within": lambda: client.within(0.02).call("hold"),
        }
        while "cancelled" not in tasks.events:  # in a slow moment it has not begun when its time is over
            with pytest.raises(TimeoutError):
                await ways[way]()
        assert await client.call("add", 2, 3) == 5


async def test_what_was_cancelled_and_answers_late_disturbs_nobody() -> None:
    async with served() as (client, tasks):
        while "held" not in tasks.events:  # in a slow moment it has not begun when its time is over
            with pytest.raises(DeadlinePassed):
                await client.call("stubborn", timeout=0.02)
        await tasks.until("ended")
        for number in range(10):
            assert await client.call("add", number, 1) == number + 1


@pytest.mark.long
async def test_an_iteration_that_is_cancelled_ends_its_stream() -> None:
    async with served() as (client, tasks):
        begun = asyncio.Event()

        async def iterate() -> None:
            async for _ in client.stream("count", 10**9):
                begun.set()
                await asyncio.sleep(0)

        task = asyncio.create_task(iterate())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        gc.collect()
        await tasks.until("closed")


@pytest.mark.long
async def test_a_stream_that_is_forgotten_is_closed_where_it_is_served() -> None:
    async with served() as (client, tasks):
        async for item in client.stream("count", 10**9):
            assert item == 0
            break
        gc.collect()
        await tasks.until("closed")
        assert client.stats().active_calls == 0


# --- one loop -------------------------------------------------------------------------------------------------------


@pytest.mark.long
async def test_a_stream_that_has_much_to_give_lets_others_run() -> None:
    async with served() as (client, _):

        async def drain() -> int:
            return sum([1 async for _ in client.stream("count", 20_000)])

        draining = asyncio.create_task(drain())
        answered = 0
        while not draining.done():
            assert await client.call("add", 2, 3) == 5
            answered += 1
        assert await draining == 20_000
        assert answered > 10


@pytest.mark.long
async def test_plain_functions_run_beside_the_loop() -> None:
    async with served() as (client, _):
        assert await asyncio.gather(*(client.call("plain") for _ in range(50))) == ["plain"] * 50
        assert [item async for item in client.stream("plain_count", 1000)] == list(range(1000))


async def test_subscribers_of_one_loop_get_everything() -> None:
    async with served() as (client, tasks), client.subscribe("news") as one, client.subscribe("news", int) as other:
        for number in range(100):
            tasks.topic.publish(number)
        for subscription in (one, other):
            assert [await subscription.receive(timeout=PATIENCE) for _ in range(100)] == list(range(100))
        with pytest.raises(DeadlinePassed):
            await one.receive(timeout=0.01)
        tasks.topic.publish(100)
        assert await one.receive(timeout=PATIENCE) == 100


async def test_a_client_may_be_opened_and_closed_again_and_again() -> None:
    async with served() as (_, tasks):
        for _ in range(10):
            async with aio.Client(ADDRESS) as client:
                assert await client.call("add", 2, 3) == 5
            with pytest.raises(ClosedByUs):
                await client.call("add", 2, 3)
            assert "closed" in repr(client)
        async with asyncio.timeout(PATIENCE):
            while tasks.service.stats().open_connections != 1:
                await asyncio.sleep(0.001)


@pytest.mark.long
async def test_stopping_ends_when_the_last_stream_has_ended() -> None:
    tasks = Tasks()
    async with aio.serve(ADDRESS, tasks.service) as serving, aio.Client(ADDRESS) as client:
        for method in ("count", "plain_count"):
            stream = await client.stream(method, 4_000)
            if method == "plain_count":
                stopping = asyncio.create_task(serving.stop(timeout=None))
            assert sum([1 async for _ in stream]) == 4_000
        await asyncio.wait_for(stopping, PATIENCE)
        with pytest.raises(ClosedByPeer):
            await client.call("add", 2, 3)


@pytest.mark.parametrize("leaves", [True, False])
async def test_stopping_cuts_off_what_does_not_end_when_it_is_cancelled(leaves: bool) -> None:
    tasks = Tasks()

    @tasks.service.method
    async def never_ends() -> None:
        try:
            await tasks.hold()
        finally:
            tasks.events.append("ending")
            await asyncio.sleep(10 * PATIENCE)

    async with aio.serve(ADDRESS, tasks.service) as serving, aio.Client(ADDRESS) as client:
        call = client.start("never_ends")
        await tasks.until("held")
        if leaves:
            await client.close()
        else:
            call.cancel()
        await tasks.until("ending")
        await serving.stop(timeout=0.02)
        await asyncio.gather(call, return_exceptions=True)


async def test_what_fails_in_a_task_is_logged_with_its_reference(caplog: pytest.LogCaptureFixture) -> None:
    service = Service("failing")

    @service.method
    async def fail() -> None:
        raise KeyError("secret")

    @service.method
    async def fail_later() -> AsyncIterator[int]:
        yield 1
        raise KeyError("secret")

    async with aio.serve(ADDRESS, service), aio.Client(ADDRESS) as client:
        with pytest.raises(CallFailed) as caught:
            await client.call("fail")
        assert caught.value.reference in caplog.text
        with pytest.raises(CallFailed) as caught:
            async for _ in client.stream("fail_later"):
                pass
        assert caught.value.reference in caplog.text
        assert caplog.text.count("KeyError: 'secret'") == 2
