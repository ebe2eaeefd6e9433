"""Writes of tasks: in one piece and in order, sent by the loop, and what is said when they cannot be."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from aio.conftest import Run
from aio.ends import SMALL, closing, connected, no_descriptor_left, pattern, turns, turns_until, waiting
from localsocket import Limits, aio
from localsocket.errors import (
    BrokenEndpoint,
    ClosedByPeer,
    ClosedByUs,
    DeadlinePassed,
    WriteBufferFull,
    WrongMode,
)
from localsocket.testing import PATIENCE, clog

either_way = pytest.mark.parametrize("attached", [False, True], ids=["not attached", "attached"])
MUCH = pattern(16 * SMALL)


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        bytearray(b"hello"),
        memoryview(b"hello"),
        memoryview(b"h.e.l.l.o")[::2],
        memoryview(b"hello").cast("c"),
    ],
)
async def test_every_kind_of_buffer_is_sent_byte_for_byte(data: Any) -> None:
    async with connected() as (socket, peer):
        await socket.write(data)
        assert peer.receive() == b"hello"


@pytest.mark.parametrize("data", ["text", 5, None, [1, 2]])
async def test_only_bytes_can_be_sent(data: Any) -> None:
    async with connected() as (socket, _):
        with pytest.raises(TypeError, match="data must be bytes"):
            await socket.write(data)


@pytest.mark.parametrize("timeout", [-1, "1", True])
async def test_times_are_checked(timeout: Any) -> None:
    async with connected() as (socket, _):
        for wait in (
            lambda: socket.write(b"x", timeout=timeout),
            lambda: socket.flush(timeout=timeout),
            lambda: socket.shutdown_write(timeout=timeout),
            lambda: socket.close(timeout=timeout),
            lambda: socket.wait_disconnected(timeout),
            lambda: socket.wait_readable(timeout),
        ):
            with pytest.raises((ValueError, TypeError), match="timeout must"):
                await wait()
        assert socket.is_connected


@either_way
async def test_the_loop_sends_what_does_not_fit_into_the_kernel_while_nobody_waits(attached: bool) -> None:
    async with connected(attached=attached, kernel_buffer=SMALL) as (socket, peer):
        data = bytearray(MUCH)
        socket.write_nowait(data)
        data[:] = bytes(len(data))
        assert 0 < socket.bytes_to_write < len(MUCH)
        assert await peer.receive_exactly(len(MUCH)) == MUCH
        assert socket.bytes_to_write == 0
        await socket.flush(timeout=0)


def test_what_is_queued_where_no_loop_runs_goes_out_with_the_next_call_that_waits(run: Run) -> None:
    socket, peer = aio.pair()
    clogged = clog(socket)
    socket.write_nowait(MUCH)
    assert socket.flush_nowait() == len(MUCH)

    async def main() -> None:
        async with closing(socket, peer), waiting(socket.wait_disconnected()):
            assert await peer.read_exactly(clogged + len(MUCH), timeout=PATIENCE) == bytes(clogged) + MUCH

    run(main())


@either_way
async def test_writes_of_many_tasks_are_never_mixed(attached: bool) -> None:
    async def write_records(letter: int) -> None:
        for number in range(20):
            await socket.write(bytes([letter]) * (number * 311 + 1) + b"\n")

    letters = range(ord("a"), ord("f"))
    limits = Limits(write_buffer=SMALL)
    async with (
        connected(attached=attached, kernel_buffer=SMALL, limits=limits) as (socket, peer),
        waiting(*(write_records(letter) for letter in letters)),
    ):
        received = await peer.receive_exactly(sum(number * 311 + 2 for number in range(20)) * len(letters))
    lines = received.splitlines()
    for letter in letters:
        assert [line for line in lines if line[0] == letter] == [
            bytes([letter]) * (number * 311 + 1) for number in range(20)
        ]


async def test_a_late_write_is_no_error_if_the_loop_has_sent_its_rest() -> None:
    async with connected(kernel_buffer=SMALL) as (socket, peer):
        with pytest.raises(DeadlinePassed) as late:
            await socket.write(MUCH, timeout=0)
        assert 0 < late.value.queued == socket.bytes_to_write
        await socket.write(b"", timeout=0)
        assert await peer.receive_exactly(len(MUCH)) == MUCH
        await socket.flush()


async def test_a_writer_learns_how_much_was_lost_when_the_peer_goes() -> None:
    async with connected(kernel_buffer=SMALL) as (socket, peer):
        flushing = asyncio.ensure_future(socket.write(MUCH))
        await turns(5)
        waits = socket.bytes_to_write
        peer.close()
        with pytest.raises(ClosedByPeer) as lost:
            await flushing
        assert lost.value.unsent == waits
        for again in (socket.write(b"x"), socket.flush(), socket.shutdown_write()):
            with pytest.raises(ClosedByPeer):
                await again
        assert socket.bytes_to_write == 0
        await socket.close()  # which has nothing to tell any more


async def test_a_writer_learns_at_its_deadline_that_the_peer_has_gone() -> None:
    async with connected() as (socket, peer):
        clog(socket)
        peer.close()
        with pytest.raises(ClosedByPeer):
            await socket.write(MUCH, timeout=0)


async def test_a_socket_for_reading_refuses_to_write() -> None:
    async with connected(mode="r") as (socket, _):
        with pytest.raises(WrongMode):
            await socket.write(b"x")
        await socket.flush()


async def test_finishing_to_send_waits_for_what_is_unsent_and_can_be_repeated() -> None:
    async with connected(kernel_buffer=SMALL) as (socket, peer):
        socket.write_nowait(MUCH)
        with pytest.raises(DeadlinePassed):
            await socket.shutdown_write(timeout=0)
        assert not socket._write_ended
        async with waiting(socket.shutdown_write(timeout=PATIENCE)) as finishing:
            assert await peer.receive_to_end() == MUCH
            await finishing
        await socket.shutdown_write()
        with pytest.raises(ClosedByUs, match="writing half"):
            await socket.write(b"x")
        peer.send(b"answer")
        assert await socket.read() == b"answer"


async def test_writing_wakes_who_waits_for_room() -> None:
    limits = Limits(write_buffer=SMALL)
    async with connected(limits=limits, kernel_buffer=SMALL) as (socket, peer):
        clogged = clog(socket)
        socket.write_nowait(bytes(SMALL))
        with pytest.raises(WriteBufferFull):
            socket.write_nowait(b"x")
        async with waiting(socket.write(b"more")) as writing:
            socket.change_limits(Limits(write_buffer=2 * SMALL))
            await turns_until(lambda: socket.bytes_to_write == SMALL + 4)
            assert not writing.done()
            assert peer.receive() == bytes(clogged)
            assert socket.flush_nowait() == 0
            await writing
        assert peer.receive() == bytes(SMALL) + b"more"


# --- no descriptor is left to send with -------------------------------------------------------------------------------


async def test_without_a_descriptor_to_watch_it_sends_all_the_same_and_tries_no_more_often_than_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = 0

    def duplicate(descriptor: int) -> int:
        nonlocal tries
        tries += 1
        return dup(descriptor)

    dup = os.dup
    monkeypatch.setattr(os, "dup", duplicate)
    async with connected(kernel_buffer=SMALL) as (socket, peer):
        with no_descriptor_left():
            begun = asyncio.get_running_loop().time()
            async with waiting(socket.write(MUCH), socket.flush(), socket.flush()) as writing:
                assert await peer.receive_exactly(len(MUCH)) == MUCH
                await writing
            passed = asyncio.get_running_loop().time() - begun
        # A task that is woken looks again; beyond that there is one timer for all, however many wait.
        assert 1 < tries <= 5 * (passed / 0.05 + 1)
        socket.write_nowait(MUCH)  # now there is one
        assert await peer.receive_exactly(len(MUCH)) == MUCH


async def test_a_socket_closed_without_a_descriptor_to_watch_is_closed() -> None:
    async with connected(kernel_buffer=SMALL) as (socket, peer):
        with no_descriptor_left():
            socket.write_nowait(MUCH)
        socket.abort()
        await asyncio.sleep(0.06)  # until it would have looked again
        assert socket.fileno() == -1
        assert MUCH.startswith(peer.receive())


async def test_an_error_that_nobody_expected_is_kept_as_the_cause() -> None:
    async with connected() as (socket, _):

        def fail(*_: object) -> int:
            raise OSError(5, "Input/output error")

        socket._send = fail
        with pytest.raises(BrokenEndpoint, match="Input/output error") as broken:
            await socket.write(b"x")
        assert isinstance(broken.value.__cause__, OSError)
