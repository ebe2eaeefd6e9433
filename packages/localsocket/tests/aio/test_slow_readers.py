"""A slow reader costs what its limits allow, on both sides, and gets every byte when it reads again."""

from __future__ import annotations

import asyncio
import contextlib
import tracemalloc

import pytest

from aio.ends import SMALL, attach, closing, connected, held, pattern, turns, turns_until, waiting
from localsocket import Limits, aio
from localsocket.errors import DeadlinePassed, WriteBufferFull
from localsocket.interfaces import KIB, MIB
from localsocket.testing import PATIENCE, FloodingPeer, set_kernel_buffer

LIMIT = 64 * KIB
LIMITS = Limits(read_buffer=LIMIT, write_buffer=LIMIT)


async def what_stays(*streams: aio.LocalSocket) -> tuple[int, ...]:
    """Return how many bytes they hold for either direction, once that no longer changes while the loop goes round."""

    def look() -> tuple[int, ...]:
        return tuple(held(stream) + stream.bytes_to_write for stream in streams)

    before, now = None, look()
    while before != now:
        await turns(50)
        before, now = now, look()
    return now


@pytest.mark.long
async def test_reading_pauses_at_the_limit_and_goes_on_where_it_was() -> None:
    sent = pattern(4 * MIB)
    reader, writer = aio.pair(limits=LIMITS)
    async with closing(reader, writer):
        set_kernel_buffer(writer, SMALL)
        await attach(reader)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(writer.write(sent))
            await turns_until(lambda: reader.bytes_available == LIMIT)
            read_ahead, queued = await what_stays(reader, writer)
            assert read_ahead == LIMIT
            assert not writing.done()
            assert queued == writer.bytes_to_write > 3 * MIB  # the writer's own bytes, which it waits for
            received = [await reader.read_exactly(LIMIT, timeout=PATIENCE) for _ in range(10)]
            assert (await what_stays(reader)) == (LIMIT,)
            received += [await reader.read_exactly(LIMIT, timeout=PATIENCE) for _ in range(len(sent) // LIMIT - 10)]
        assert b"".join(received) == sent


async def test_a_reader_that_takes_little_at_a_time_gets_all_and_never_holds_more_than_its_limit() -> None:
    sent = pattern(MIB)
    received = []
    reader, writer = aio.pair(limits=LIMITS)
    async with closing(reader, writer), asyncio.TaskGroup() as group:
        await attach(reader)
        group.create_task(writer.write(sent))
        for count in range(1, 3000):
            received.append(await reader.read(count, timeout=PATIENCE))
            assert held(reader) <= LIMIT
            if sum(map(len, received)) == len(sent):
                break
    assert b"".join(received) == sent


@pytest.mark.parametrize("attached", [False, True], ids=["not attached", "attached"])
async def test_a_full_buffer_survives_every_call_that_waits_for_something_else(attached: bool) -> None:
    """The loop must not be asked to receive where there is no room: its buffer would be empty."""
    sent = pattern(1000)
    async with connected(limits=Limits(read_buffer=100), attached=attached) as (socket, peer):
        peer.send(sent)
        await turns_until(lambda: socket.bytes_available == 100)
        async with waiting(socket.wait_disconnected()) as disconnected:
            await turns(20)
            assert not disconnected.done()
            received = [await socket.read_exactly(100, timeout=PATIENCE) for _ in range(10)]
        assert b"".join(received) == sent
        assert not await socket.wait_readable(timeout=0)


async def test_room_that_is_made_in_any_way_lets_the_rest_come() -> None:
    limits = Limits(read_buffer=100)
    sent = pattern(400)
    async with connected(limits=limits, attached=True) as (socket, peer):
        peer.send(sent)
        await turns_until(lambda: socket._is_held)
        assert socket.read_available(90) == sent[:90]
        await turns_until(lambda: held(socket) == 100)
        assert socket.skip(60) == 60
        await turns_until(lambda: held(socket) == 100)
        with contextlib.suppress(KeyError), socket.transaction():
            assert await socket.read_exactly(100) == sent[150:250]
            await turns(10)
            assert held(socket) == 0  # what a transaction may give back takes room
            raise KeyError
        await turns(10)
        assert held(socket) == 100
        with socket.transaction():
            assert await socket.read_exactly(100) == sent[150:250]
        await turns_until(lambda: held(socket) == 100)
        socket.unread(sent[150:250])
        await turns(10)
        assert held(socket) == 200
        assert await socket.read_exactly(200) == sent[150:350]
        assert await socket.read_exactly(50, timeout=PATIENCE) == sent[350:]


async def test_a_limit_that_is_changed_before_anything_was_awaited_holds() -> None:
    async with connected() as (socket, peer):
        socket.change_limits(Limits(read_buffer=100))
        await attach(socket)
        peer.send(pattern(400))
        assert await what_stays(socket) == (100,)


async def test_another_limit_holds_from_now_on() -> None:
    sent = pattern(4000)
    async with connected(limits=Limits(read_buffer=100), attached=True) as (socket, peer):
        peer.send(sent)
        await turns_until(lambda: held(socket) == 100)
        socket.change_limits(Limits(read_buffer=1000))
        async with waiting(socket.read_exactly(1000)) as reading:
            assert await reading == sent[:1000]
        socket.change_limits(Limits(read_buffer=200))
        await what_stays(socket)
        rest = await socket.read(timeout=PATIENCE) if held(socket) > 200 else b""  # what is held already stays
        while len(rest) < 3000:
            rest += await socket.read(timeout=PATIENCE)
            assert held(socket) <= 200
        assert rest == sent[1000:]


async def test_a_write_waits_at_the_high_water_mark_and_one_that_does_not_wait_is_refused() -> None:
    async with connected(limits=LIMITS, kernel_buffer=SMALL, attached=True) as (socket, peer):
        with pytest.raises(DeadlinePassed) as late:
            await socket.write(pattern(LIMIT), timeout=0)
        queued = late.value.queued
        with pytest.raises(DeadlinePassed) as later:
            await socket.write(pattern(LIMIT), timeout=0.01)
        assert later.value.queued == 0
        with pytest.raises(WriteBufferFull) as full:
            socket.write_nowait(pattern(LIMIT))
        assert (full.value.queued, full.value.limit) == (queued, LIMIT)
        assert socket.bytes_to_write == queued
        async with waiting(socket.write(pattern(LIMIT, start=LIMIT // 4))) as writing:
            assert (await what_stays(socket)) == (queued,)
            assert await peer.receive_exactly(2 * LIMIT) == pattern(2 * LIMIT)
            await writing


async def test_memory_is_flat_where_clients_send_much_and_never_read() -> None:
    """Each echo waits for its client, and with it the reading: what is held is a few buffers, not what was sent."""

    async def echo(socket: aio.LocalSocket) -> None:
        while data := await socket.read():
            await socket.write(data)

    clients = 5
    async with aio.serve("slow", echo, limits=LIMITS) as serving:
        tracemalloc.start()
        try:
            with contextlib.ExitStack() as stack:
                floods = [stack.enter_context(FloodingPeer("slow")) for _ in range(clients)]
                for flood in floods:
                    flood.misbehave(bytes(MIB))
                await turns_until(lambda: serving.server.open_connections == clients)
                connections = [task.get_coro().cr_frame.f_locals["connection"] for task in serving._tasks]
                await turns_until(lambda: all(each.bytes_to_write and held(each) >= LIMIT for each in connections))
                first = await what_stays(*connections)
                before, _ = tracemalloc.get_traced_memory()
                await turns(500)
                now, _ = tracemalloc.get_traced_memory()
                assert max(first) <= 2 * LIMIT + 1  # uvloop's reading is paused by the byte behind the limit
                assert now - before < LIMIT
        finally:
            tracemalloc.stop()
        await serving.stop(timeout=0)
