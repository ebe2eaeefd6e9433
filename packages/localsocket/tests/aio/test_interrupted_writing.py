"""Whatever writing call is broken off, wherever, and however: each write is sent whole, or not at all, and once."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator
from itertools import starmap
from typing import NamedTuple

import pytest

from aio.ends import SMALL, Peer, connected, pattern, turns_until
from aio.interrupting import CANCELLING, EVERY_WAY, Interruption, at_every_suspension
from localsocket import Limits, SocketState
from localsocket.aio import LocalSocket
from localsocket.errors import ClosedByUs, DeadlinePassed
from localsocket.testing import PATIENCE, clog

LIMITS = Limits(write_buffer=8 * SMALL)
MUCH = pattern(16 * SMALL)
"""More than the kernel takes for a peer that does not read."""
BEFORE = pattern(6 * SMALL, start=1_000_000)
"""So much of what was written before waits to be sent that MUCH finds no room beside it."""
END = b"the end"


class Situation(NamedTuple):
    """How it stands when the call begins."""

    clogged: bool
    something_waits: bool
    attached: bool


SITUATIONS = list(starmap(Situation, itertools.product([False, True], repeat=3)))


class Reader(Peer):
    """A peer that reads a piece each time the writer waits."""

    received = b""

    def read_some(self, _: int = 0) -> None:
        with contextlib.suppress(BlockingIOError):
            self.received += self.sock.recv(3 * SMALL)

    def has_read_what_waits_in(self, socket: LocalSocket) -> bool:
        self.read_some()
        return not socket.bytes_to_write


@contextlib.asynccontextmanager
async def writing(situation: Situation) -> AsyncIterator[tuple[LocalSocket, Reader, bytes]]:
    """Give a socket, its reader, and what the reader gets before anything that is still to be written."""
    async with connected(limits=LIMITS, kernel_buffer=SMALL, attached=situation.attached) as (socket, peer):
        before = b""
        if situation.clogged or situation.something_waits:
            before = bytes(clog(socket))
        if situation.something_waits:
            socket.write_nowait(BEFORE)
            before += BEFORE
        yield socket, Reader(peer.sock), before


async def what_else_comes(socket: LocalSocket, reader: Reader, before: bytes) -> bytes:
    """Return what the reader gets after `before` and before what is written now; what waits goes out by itself."""
    await turns_until(lambda: reader.has_read_what_waits_in(socket))
    await socket.write(END, timeout=PATIENCE)
    await socket.close(timeout=PATIENCE)
    received = reader.received + await reader.receive_to_end()
    assert received.startswith(before)
    assert received.endswith(END)
    return received[len(before) : -len(END)]


@pytest.mark.long
@pytest.mark.parametrize("way", EVERY_WAY)
async def test_a_write_that_is_broken_off_is_sent_whole_or_not_at_all(way: type[Interruption]) -> None:
    async def scenario(interrupted: Interruption, situation: Situation, seen: list[bytes]) -> None:
        async with writing(situation) as (socket, reader, before):
            data = bytearray(MUCH)
            outcome = await interrupted(socket.write(data, timeout=way.timeout), reader.read_some)
            data[:] = bytes(len(data))  # it is the caller's again
            sent = await what_else_comes(socket, reader, before)
            assert sent in (MUCH, b"")
            if isinstance(outcome.error, DeadlinePassed):
                assert (outcome.error.queued > 0) == (sent == MUCH)
            if not outcome.was_interrupted:
                assert sent == MUCH
            seen.append(sent)

    for situation in SITUATIONS:
        seen: list[bytes] = []
        assert await at_every_suspension(way, scenario, situation, seen) >= 2
        assert seen[0] == (b"" if situation.something_waits else MUCH)
        assert seen[-1] == MUCH


@pytest.mark.parametrize("way", EVERY_WAY)
async def test_a_flush_that_is_broken_off_keeps_what_is_queued(way: type[Interruption]) -> None:
    async def scenario(interrupted: Interruption, attached: bool) -> None:
        async with writing(Situation(True, True, attached)) as (socket, reader, before):
            await interrupted(socket.flush(timeout=way.timeout), reader.read_some)
            assert await what_else_comes(socket, reader, before) == b""

    for attached in (False, True):
        assert await at_every_suspension(way, scenario, attached) >= 2


@pytest.mark.parametrize("way", EVERY_WAY)
async def test_a_shutdown_that_is_broken_off_has_shut_nothing(way: type[Interruption]) -> None:
    async def scenario(interrupted: Interruption, attached: bool) -> None:
        async with writing(Situation(True, True, attached)) as (socket, reader, before):
            outcome = await interrupted(socket.shutdown_write(timeout=way.timeout), reader.read_some)
            if outcome.was_interrupted:
                assert await what_else_comes(socket, reader, before) == b""
            else:
                with pytest.raises(ClosedByUs, match="writing half"):
                    await socket.write(b"more")
                assert reader.received + await reader.receive_to_end() == before

    for attached in (False, True):
        assert await at_every_suspension(way, scenario, attached) >= 2


@pytest.mark.parametrize("way", EVERY_WAY)
async def test_a_wait_for_the_peer_to_close_that_is_broken_off_has_changed_nothing(way: type[Interruption]) -> None:
    async def scenario(interrupted: Interruption, attached: bool) -> None:
        def happen(number: int) -> None:
            peer.send(b"%d" % number)
            sent.append(b"%d" % number)
            if len(sent) == 4:
                peer.close()

        sent: list[bytes] = []
        async with connected(attached=attached) as (socket, peer):
            outcome = await interrupted(socket.wait_disconnected(way.timeout), happen)
            assert await socket.wait_readable(timeout=0) == bool(sent)
            if len(sent) < 4:
                assert outcome.was_interrupted or outcome.result is False
                await socket.write(b"still there", timeout=PATIENCE)
                assert peer.receive() == b"still there"
                peer.close()
            assert await socket.wait_disconnected(PATIENCE)
            assert await socket.read_exactly(len(sent), timeout=PATIENCE) == b"".join(sent)

    for attached in (False, True):
        assert await at_every_suspension(way, scenario, attached) >= 3


@pytest.mark.parametrize("way", EVERY_WAY)
async def test_a_close_that_is_broken_off_has_closed(way: type[Interruption]) -> None:
    async def scenario(interrupted: Interruption, attached: bool) -> None:
        async with writing(Situation(True, True, attached)) as (socket, reader, before):
            outcome = await interrupted(socket.close(timeout=way.timeout), reader.read_some)
            assert socket.state is SocketState.CLOSED
            received = reader.received + await reader.receive_to_end()
            assert before.startswith(received)
            assert socket.fileno() == -1
            if not outcome.was_interrupted:
                assert received == before
            if isinstance(outcome.error, DeadlinePassed):
                assert outcome.error.queued == len(before) - len(received)
            with pytest.raises(ClosedByUs):
                await socket.read()
            await socket.close()

    for attached in (False, True):
        assert await at_every_suspension(way, scenario, attached) >= 2


@pytest.mark.parametrize("way", CANCELLING)
async def test_a_block_that_is_broken_off_has_closed_at_once(way: type[Interruption]) -> None:
    async def use(socket: LocalSocket) -> None:
        async with socket:
            await socket.flush()
            await socket.read_exactly(3)

    async def scenario(interrupted: Interruption, attached: bool) -> None:
        async with writing(Situation(True, True, attached)) as (socket, reader, before):

            def happen(number: int) -> None:
                reader.read_some()
                reader.send(b"x")

            await interrupted(use(socket), happen)
            assert socket.state is SocketState.CLOSED
            await turns_until(lambda: socket.fileno() == -1)
            assert before.startswith(reader.received + reader.receive())

    for attached in (False, True):
        assert await at_every_suspension(way, scenario, attached) >= 4
