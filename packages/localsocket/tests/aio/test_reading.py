"""Waiting reads of tasks: deadlines, several readers, transactions, what comes first and what comes last."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aio.ends import connected, held, pattern, turns, turns_until, waiting
from localsocket import Limits, SocketState, aio
from localsocket.errors import (
    BrokenEndpoint,
    Busy,
    ClosedByPeer,
    ClosedByUs,
    DeadlinePassed,
    EndOfStream,
    LimitExceeded,
    LineTooLong,
    WrongMode,
)
from localsocket.testing import PATIENCE

either_way = pytest.mark.parametrize("attached", [False, True], ids=["not attached", "attached"])

READS: dict[str, Callable[[aio.LocalSocket, Any], Awaitable[object]]] = {
    "read": lambda socket, timeout: socket.read(timeout=timeout),
    "read_exactly": lambda socket, timeout: socket.read_exactly(3, timeout=timeout),
    "read_line": lambda socket, timeout: socket.read_line(timeout=timeout),
    "read_to_end": lambda socket, timeout: socket.read_to_end(timeout=timeout),
}

# --- deadlines --------------------------------------------------------------------------------------------------------


@either_way
@pytest.mark.parametrize("timeout", [0, 0.01])
async def test_a_late_read_says_so_and_takes_nothing(timeout: float, attached: bool) -> None:
    async with connected(attached=attached) as (socket, peer):
        for sent in (b"", b"ab"):
            peer.send(sent)
            for name, read in READS.items():
                if name != "read" or not sent:
                    with pytest.raises(DeadlinePassed, match=f"read.* took longer than {timeout} s"):
                        await read(socket, timeout)
        assert await socket.read() == b"ab"


@either_way
async def test_a_read_with_no_time_takes_what_is_there(attached: bool) -> None:
    async with connected(attached=attached) as (socket, peer):
        peer.send(b"hello\n")
        assert await socket.read_line(timeout=0) == b"hello"


async def test_a_time_that_is_none_is_refused() -> None:
    async with connected() as (socket, _):
        for timeout in (-1, math.nan, "1", True):
            for read in READS.values():
                with pytest.raises((ValueError, TypeError), match="timeout must"):
                    await read(socket, timeout)


@pytest.mark.parametrize("timeout", [math.inf, 1e300, 1e6])
async def test_a_huge_time_is_as_good_as_for_ever(timeout: float) -> None:
    async with connected() as (socket, peer), waiting(socket.read(timeout=timeout)) as reading:
        peer.send(b"x")
        assert await reading == b"x"


async def test_a_read_that_never_has_enough_ends_at_its_deadline_though_bytes_keep_coming() -> None:
    async def trickle() -> None:
        while True:
            peer.send(b"x")
            await asyncio.sleep(0)

    async with connected() as (socket, peer), waiting(trickle()):
        with pytest.raises(DeadlinePassed):
            await socket.read_exactly(1_000_000, timeout=0.05)
        assert set(await socket.read()) == {ord("x")}


@either_way
async def test_counts_are_checked_before_anything_is_waited_for(attached: bool) -> None:
    wrong: list[Any] = [-1, 1.5, "3", True]
    async with connected(attached=attached, limits=Limits(read_buffer=100)) as (socket, _):
        assert await socket.read_exactly(0) == b""
        assert await socket.read(0) == b""
        with pytest.raises(LimitExceeded):
            await socket.read_exactly(101)
        for count in wrong:
            for read in (
                socket.read(count),
                socket.read_exactly(count),
                socket.read_line(max_bytes=count),
                socket.read_to_end(max_bytes=count),
            ):
                with pytest.raises((ValueError, TypeError), match=r"(count|max_bytes) must"):
                    await read


# --- what is read -----------------------------------------------------------------------------------------------------


@either_way
@pytest.mark.parametrize("is_there", [False, True], ids=["awaited", "there already"])
async def test_a_chunk_is_read_in_every_way(is_there: bool, attached: bool) -> None:
    """Most chunks are what was asked for, neither more nor less; all the others must not be taken for that."""

    async def after(chunk: bytes, read: Callable[[], Awaitable[bytes]]) -> bytes:
        if is_there:
            peer.send(chunk)
            await turns(5)
            return await read()
        async with waiting(read()) as reading:
            peer.send(chunk)
            return await reading  # type: ignore[return-value]

    async with connected(attached=attached, limits=Limits(line=10)) as (socket, peer):
        assert await after(b"abcdef", socket.read) == b"abcdef"
        assert await after(b"abcdef", lambda: socket.read(4)) == b"abcd"
        assert await after(b"gh", lambda: socket.read_exactly(4)) == b"efgh"
        assert await after(b"abc", lambda: socket.read_exactly(3)) == b"abc"
        assert await after(b"abcde", lambda: socket.read_exactly(3)) == b"abc"
        assert await socket.read_exactly(2) == b"de"
        assert await after(b"line\n", socket.read_line) == b"line"
        assert await after(b"line\n", lambda: socket.read_line(keep_ending=True)) == b"line\n"
        assert await after(b"one\ntwo\n", socket.read_line) == b"one"
        assert await socket.read_line() == b"two"
        assert await after(b"\n", socket.read_line) == b""
        assert await after(b"0123456789\n", socket.read_line) == b"0123456789"
        with pytest.raises(LineTooLong):
            await after(b"0123456789x\n", socket.read_line)
        assert await socket.read() == b"0123456789x\n"
        with pytest.raises(LineTooLong):
            await after(b"abc\n", lambda: socket.read_line(max_bytes=2))
        assert await socket.read_line() == b"abc"
        assert await after(b"x", lambda: socket.read_exactly(0)) == b""
        assert await socket.read(0) == b""
        assert await socket.read() == b"x"


@pytest.mark.parametrize("is_there", [False, True], ids=["awaited", "there already"])
async def test_chunks_as_large_as_the_read_buffer_come_one_after_the_other(is_there: bool) -> None:
    async with connected(attached=True, limits=Limits(read_buffer=4)) as (socket, peer):
        peer.send(pattern(40))
        received = []
        for _ in range(10):
            if is_there:
                await turns_until(lambda: held(socket) == 4)
                await turns(5)
                assert held(socket) == 4
            received.append(await socket.read())
        assert b"".join(received) == pattern(40)


async def test_what_was_there_before_comes_first_however_it_is_read() -> None:
    async with connected(attached=True) as (socket, peer):
        peer.send(b"chunk")
        await turns_until(lambda: held(socket) == 5)
        socket.unread(b"put back, ")
        assert await socket.read() == b"put back, chunk"
        peer.send(b"one\n")
        await turns_until(lambda: held(socket) == 4)
        peer.send(b"two\n")
        await turns_until(lambda: held(socket) == 8)
        assert socket.has_line
        assert socket.peek(3) == b"one"
        assert await socket.read_line() == b"one"
        peer.send(b"three")
        assert await socket.read_exactly(9) == b"two\nthree"
        assert (socket.bytes_available, socket.is_at_end) == (0, False)


async def test_calls_that_do_not_wait_see_what_the_loop_has_received() -> None:
    async with connected(attached=True) as (socket, peer):
        for look in (
            lambda: socket.read_available(),
            lambda: socket.read_exactly_nowait(6),
            lambda: socket.read_line_nowait(keep_ending=True),
            lambda: socket.peek(10) * bool(socket.skip(6)),
        ):
            peer.send(b"there\n")
            await turns_until(lambda: held(socket) == 6)
            assert socket.bytes_available == 6
            assert look() == b"there\n"


async def test_a_message_cut_off_in_the_middle_is_told_from_a_clean_end() -> None:
    async with connected() as (socket, peer), waiting(socket.read_exactly(10)) as reading:
        peer.send(b"half")
        peer.end()
        with pytest.raises(EndOfStream) as cut_off:
            await reading
        assert cut_off.value.available == 4
        assert await socket.read() == b"half"
        for _ in range(2):
            assert await socket.read() == b""
        assert not await socket.wait_readable()


@either_way
async def test_a_peer_that_left_without_reading_is_an_error_after_its_last_byte(attached: bool) -> None:
    async with connected(attached=attached) as (socket, peer):
        await socket.write(b"never read")
        peer.send(b"last words")
        peer.close()
        assert await socket.read_exactly(10, timeout=PATIENCE) == b"last words"
        for _ in range(2):
            with pytest.raises(ClosedByPeer):
                await socket.read()
            with pytest.raises(ClosedByPeer):
                await socket.read_line()
        with pytest.raises(ClosedByPeer):
            await socket.write(b"more")
        assert await socket.wait_disconnected()
        assert socket.state is SocketState.CONNECTED


async def test_everything_to_the_end_is_refused_when_it_cannot_be_held() -> None:
    async with connected(limits=Limits(read_buffer=100)) as (socket, peer):
        peer.send(bytes(200))
        with pytest.raises(LimitExceeded):
            await socket.read_to_end(max_bytes=50)
        with pytest.raises(LimitExceeded):
            await socket.read_to_end()
        with pytest.raises(LimitExceeded):
            await socket.read_exactly(101)
        peer.end()
        assert [await socket.read_exactly(50) for _ in range(4)] == [bytes(50)] * 4
        assert await socket.read_to_end() == b""


async def test_iterating_gives_the_lines_to_the_end_and_the_reason_of_any_other() -> None:
    async def iterate() -> None:
        async for line in socket:
            lines.append(line)  # noqa: PERF401 - what comes before the error is wanted

    lines: list[bytes] = []
    async with connected() as (socket, peer):
        peer.send(b"one\ntwo\nrest")
        peer.end()
        assert [line async for line in socket] == [b"one", b"two", b"rest"]
    async with connected() as (socket, peer):
        await socket.write(b"never read")
        peer.send(b"one\n")
        peer.close()
        with pytest.raises(ClosedByPeer):
            await iterate()
        assert lines == [b"one"]


@either_way
async def test_a_socket_for_writing_throws_away_what_arrives(attached: bool) -> None:
    async with connected(mode="w", attached=attached) as (socket, peer):
        with pytest.raises(WrongMode):
            await socket.read()
        async with waiting(socket.wait_disconnected()) as disconnected:
            for _ in range(5):
                peer.send(pattern(10_000))
                await turns(5)
                assert held(socket) == 0
            assert not disconnected.done()
            await socket.write(b"hello")
            assert peer.receive() == b"hello"
            peer.close()
            assert await disconnected


# --- several tasks ----------------------------------------------------------------------------------------------------


async def test_a_flood_does_not_outlast_asyncio_timeout() -> None:
    async def read_much() -> None:
        async with scope:
            for _ in range(1000):
                peer.send(b"x")
                await socket.read()

    async with connected() as (socket, peer):
        scope = asyncio.timeout(0)
        with pytest.raises(TimeoutError):
            await read_much()


@either_way
async def test_each_line_goes_to_one_of_many_readers_and_a_cancelled_one_takes_none(attached: bool) -> None:
    lines = [b"%d" % number for number in range(50)]
    taken: list[bytes] = []

    async def take() -> None:
        while True:
            taken.append(await socket.read_line())

    async with connected(attached=attached) as (socket, peer), waiting(*(take() for _ in range(5))) as first:
        for line in lines[:-1]:
            peer.send(line + b"\n")
            await turns(2)
        await turns_until(lambda: len(taken) == len(lines) - 1)
        peer.send(lines[-1] + b"\n")
        first.cancel()
        await turns_until(lambda: len(taken) == len(lines))
    assert sorted(taken, key=int) == lines


async def test_two_who_wait_for_different_things_each_get_theirs() -> None:
    async with connected() as (socket, peer):
        many = asyncio.ensure_future(socket.read_exactly(6))
        await turns(1)
        few = asyncio.ensure_future(socket.read_exactly(2))
        readable = asyncio.ensure_future(socket.wait_readable())
        await turns(5)
        peer.send(b"abcd")
        assert await few == b"ab"
        assert await readable
        assert not many.done()
        peer.send(b"efgh")
        assert await many == b"cdefgh"


# --- transactions -----------------------------------------------------------------------------------------------------


class RolledBack(Exception):
    pass


@either_way
async def test_waiting_reads_of_other_tasks_wait_for_the_transaction_to_end(attached: bool) -> None:
    async with connected(attached=attached) as (socket, peer):
        with contextlib.suppress(RolledBack), socket.transaction():
            other = asyncio.ensure_future(socket.read_exactly(3))
            peer.send(b"abc")
            assert await socket.read_exactly(3) == b"abc"
            peer.send(b"def")
            await turns(10)
            assert not other.done()
            with pytest.raises(Busy):
                await asyncio.create_task(as_a_task(socket.read_available))
            with pytest.raises(DeadlinePassed):
                await asyncio.create_task(socket.read(timeout=0))
            raise RolledBack
        assert await other == b"abc"
        assert await socket.read() == b"def"


async def as_a_task(call: Callable[[], object]) -> object:
    return call()


async def test_another_task_that_reads_at_once_takes_nothing_of_a_transaction() -> None:
    """Also what has just arrived, whole, in answer to who waits, is the transaction's."""
    async with connected(attached=True) as (socket, peer):
        with socket.transaction():
            other = asyncio.ensure_future(socket.read())
            await turns(2)
            peer.send(b"abc")
            await turns(10)
            assert not other.done()
            assert await socket.read() == b"abc"
        peer.send(b"def")
        assert await other == b"def"


def test_a_transaction_needs_no_loop() -> None:
    first, second = aio.pair()
    second.write_nowait(b"hello")
    with contextlib.suppress(RolledBack), first.transaction():
        assert first.read_available() == b"hello"
        raise RolledBack
    with first.transaction():
        assert first.read_available() == b"hello"
    assert not first.is_in_transaction
    first.abort()
    second.abort()


@pytest.mark.parametrize("failing", [False, True])
async def test_a_socket_that_is_closed_in_a_transaction_stays_closed(failing: bool) -> None:
    async with connected(limits=Limits(read_buffer=10), attached=True) as (socket, peer):
        peer.send(bytes(30))
        await turns_until(lambda: socket._is_held)
        with contextlib.suppress(RolledBack), socket.transaction():
            assert socket.read_available() == bytes(10)
            socket.abort()
            if failing:
                raise RolledBack
        assert socket.state is SocketState.CLOSED
        with pytest.raises(ClosedByUs):
            await socket.read()


# --- the loop gives up ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), RuntimeError("no more"), None])
async def test_a_connection_that_the_loop_gives_up_says_why_to_everybody(error: Exception | None) -> None:
    async with connected(attached=True, limits=Limits(write_buffer=100), kernel_buffer=4096) as (socket, peer):
        socket.write_nowait(bytes(100_000))
        peer.send(b"last")
        await turns_until(lambda: held(socket) == 4)
        reading = asyncio.ensure_future(socket.read_exactly(10))
        writing = asyncio.ensure_future(socket.flush())
        await turns(3)
        assert socket._transport is not None
        if error is None:
            socket._transport.abort()
        else:
            socket._transport._force_close(error)  # type: ignore[attr-defined]
        with pytest.raises(BrokenEndpoint, match=r"Input/output error|gave it up: (no more|it was closed)"):
            await reading
        with pytest.raises(BrokenEndpoint):
            await writing
        assert await socket.read() == b"last"
        assert await socket.wait_disconnected()
        assert not socket.is_connected


async def test_a_connection_that_is_given_up_keeps_what_is_there() -> None:
    async with connected(attached=True, limits=Limits(read_buffer=8)) as (socket, peer):
        peer.send(bytes(20))
        await turns_until(lambda: socket._is_held)
        assert socket._transport is not None
        socket._transport.abort()
        await turns_until(lambda: socket.fileno() == -1)
        assert await socket.read_exactly(8) == bytes(8)
        with pytest.raises(BrokenEndpoint):
            await socket.read()


async def test_a_connection_that_is_given_up_after_its_end_has_ended() -> None:
    async with connected(attached=True) as (socket, peer):
        peer.send(b"last")
        peer.end()
        assert await socket.read_to_end() == b"last"
        assert socket._transport is not None
        socket._transport._force_close(OSError(5, "Input/output error"))  # type: ignore[attr-defined]
        await turns_until(lambda: socket.fileno() == -1)
        assert await socket.read() == b""
        with pytest.raises(BrokenEndpoint, match="Input/output error"):
            await socket.write(b"x")


async def test_a_loop_that_does_not_receive_says_why() -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise NotImplementedError("not on this loop")

    asyncio.get_running_loop().connect_accepted_socket = refuse  # type: ignore[method-assign, assignment]
    async with connected() as (socket, _):
        with pytest.raises(BrokenEndpoint, match="not on this loop"):
            await socket.read()
