"""Whatever reading call is broken off, wherever, and however: no byte is lost, none comes twice."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import starmap
from typing import NamedTuple

import pytest

from aio.ends import Peer, connected, pattern
from aio.interrupting import CANCELLING, EVERY_WAY, Interruption, at_every_suspension
from localsocket.aio import LocalSocket
from localsocket.testing import PATIENCE

PIECES = 6
BINARY = [pattern(400, start=100 * number) for number in range(PIECES)]
LINES = [b"%d: the %d. line" % (number, number) for number in range(3)]
TEXT = b"".join(line + b"\n" for line in LINES)


async def next_line(socket: LocalSocket) -> bytes:
    async with contextlib.aclosing(aiter(socket)) as lines:
        return await anext(lines)


@dataclass(frozen=True)
class Reading:
    """A reading call, the pieces in which what it reads arrives, and what its result stands for in the stream.

    It waits so many times at least, when nothing is there at first and the pieces come one by one.
    """

    call: Callable[[LocalSocket, float | None], Awaitable[object]]
    pieces: list[bytes]
    taken: Callable[[object], bytes]
    waits: int


def as_it_is(result: object) -> bytes:
    assert isinstance(result, bytes)
    return result


def with_its_ending(result: object) -> bytes:
    return as_it_is(result) + b"\n"


def nothing(result: object) -> bytes:
    assert result in (True, False)
    return b""


THIRDS = [TEXT[start : start + 9] for start in range(0, len(TEXT), 9)]

READING = {
    "read": Reading(lambda socket, timeout: socket.read(timeout=timeout), BINARY, as_it_is, waits=1),
    "read at most": Reading(lambda socket, timeout: socket.read(7, timeout=timeout), BINARY, as_it_is, waits=1),
    "read_exactly": Reading(
        lambda socket, timeout: socket.read_exactly(1501, timeout=timeout), BINARY, as_it_is, waits=4
    ),
    "read_line": Reading(lambda socket, timeout: socket.read_line(timeout=timeout), THIRDS, with_its_ending, waits=2),
    "read_to_end": Reading(lambda socket, timeout: socket.read_to_end(timeout=timeout), BINARY, as_it_is, waits=PIECES),
    "wait_readable": Reading(lambda socket, timeout: socket.wait_readable(timeout), BINARY, nothing, waits=1),
    "iteration": Reading(lambda socket, _: next_line(socket), THIRDS, with_its_ending, waits=2),
}


class Situation(NamedTuple):
    """How it stands when the call begins."""

    pieces_there: int
    attached: bool
    in_transaction: bool


SITUATIONS = list(starmap(Situation, itertools.product([0, 1], [False, True], [False, True])))


# Iterating has no time-out of its own.
CASES = [(name, way) for name in READING for way in (CANCELLING if name == "iteration" else EVERY_WAY)]


@pytest.mark.parametrize(("name", "way"), CASES)
async def test_a_reading_call_that_is_broken_off_has_taken_nothing(name: str, way: type[Interruption]) -> None:
    reading = READING[name]

    async def scenario(interrupted: Interruption, situation: Situation) -> None:
        pieces = list(reading.pieces)
        async with connected(attached=situation.attached) as (socket, peer):
            for _ in range(situation.pieces_there):
                peer.send(pieces.pop(0))
                assert await socket.wait_readable(PATIENCE)
            taken = b""
            with contextlib.suppress(RolledBack), socket.transaction() if situation.in_transaction else nullcontext():
                outcome = await interrupted(reading.call(socket, way.timeout), lambda _: send_next(peer, pieces))
                if situation.in_transaction:
                    raise RolledBack
                if not outcome.was_interrupted:
                    taken = reading.taken(outcome.result)
            while pieces:
                send_next(peer, pieces)
            peer.end()
            assert taken + await socket.read_to_end(timeout=PATIENCE) == b"".join(reading.pieces)

    for situation in SITUATIONS:
        interruptions = await at_every_suspension(way, scenario, situation)
        if not situation.pieces_there:
            assert interruptions >= reading.waits


class RolledBack(Exception):
    """Leaves a transaction, which gives back what was read in it."""


def send_next(peer: Peer, pieces: list[bytes]) -> None:
    if pieces:
        peer.send(pieces.pop(0))
        if not pieces:
            peer.end()
