"""Frames on a connection that carries descriptors: however they are cut, each gets those of its first byte, or none."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from localsocket.errors import MessageTooLong, PeerBrokeProtocol
from localsocket.interfaces import MIB, Laden
from localsocket.values.descriptors import DescriptorBatch, Fd
from localsocket.wire.frames import Frame, FrameDecoder, Kind
from localsocket.wire.greeting import Greeting
from localsocket.wire.laden_frames import LadenFrameDecoder
from localsocket.wire.send_queue import SendQueue, join_small
from wire.building import frame

GREETING = Greeting(role="client", max_message=MIB).encode()
CALL, REPLY, ITEM = int(Kind.CALL), int(Kind.REPLY), int(Kind.ITEM)


class Told:
    """Arrivals of a kernel that keeps to its rules: who is asked says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, DescriptorBatch]] = []
        self.checked: list[int] = []

    def claim(self, place: int, count: int) -> DescriptorBatch:
        if not self.waiting or self.waiting[0][0] != place or self.waiting[0][1].count != count:
            raise PeerBrokeProtocol(f"none at {place}")
        return self.waiting.pop(0)[1]

    def check(self, place: int) -> None:
        self.checked.append(place)
        if self.waiting and self.waiting[0][0] < place:
            raise PeerBrokeProtocol(f"unclaimed before {place}")


@pytest.fixture
def null() -> Iterator[Fd]:
    with Fd(os.open(os.devnull, os.O_RDONLY)) as fd:
        yield fd


def stream(null: Fd) -> tuple[bytes, list[tuple[int, DescriptorBatch]], list[tuple[int, int, bytes, int]]]:
    """Return the bytes of many frames, the descriptors with their places, and what is to come out."""
    data, batches, expected = bytearray(GREETING), [], [(1, None, None, 0)]
    for number in range(1, 60):
        count = (0, 1, 0, 3, 0, 0, 8)[number % 7]
        body = bytes([number]) * (0, 1, 30, 5000, 70_000)[number % 5]
        if count:
            batches.append((len(data), DescriptorBatch.copies_of([null] * count)))
        data += frame((CALL, REPLY)[number % 2] if count else ITEM, number, body, descriptors=count)
        data += frame(200, 0, b"passed over") if number % 4 == 0 else b""
        expected.append(((CALL, REPLY)[number % 2] if count else ITEM, number, body, count))
    return bytes(data), batches, expected  # type: ignore[return-value]


def said(frames: list[Frame]) -> list[tuple[int, int, bytes, int]]:
    return [
        (kind, number, bytes(body), body.descriptors.count if isinstance(body, Laden) else 0)
        for kind, number, body in frames
    ]


@pytest.mark.parametrize("size", [1, 7, 12, 13, 1000, 1 << 20])
@pytest.mark.parametrize("piece", [1 << 30, 8192])
def test_each_frame_gets_its_own_however_the_bytes_are_cut(null: Fd, size: int, piece: int) -> None:
    data, batches, expected = stream(null)
    if size == 1:
        data, expected = data[: len(GREETING) + 200], expected[:3]
        batches = [each for each in batches if each[0] < len(data)]
    told = Told()
    decoder = LadenFrameDecoder(MIB, told, 8, piece=piece)
    frames: list[Frame] = []
    place = 0
    while place < len(data):
        while batches and batches[0][0] < place + size:
            told.waiting.append(batches.pop(0))
        frames += decoder.feed(data[place : place + size])
        while decoder.has_more:
            frames += decoder.feed(b"")
        place += size
    came = said(frames)
    assert came[0][0] == Kind.GREETING
    assert came[1 : len(expected)] == expected[1:]
    assert not told.waiting


def test_it_goes_on_where_another_one_stopped_and_the_other_way_round(null: Fd) -> None:
    first, second = frame(ITEM, 1, bytes(100)), frame(CALL, 2, b"laden", descriptors=1)
    plain = FrameDecoder(MIB)
    assert len(plain.feed(GREETING + first[:50])) == 1
    told = Told()
    laden = LadenFrameDecoder.going_on(plain, told, 8)
    told.waiting.append((len(first) - 50, DescriptorBatch.copies_of([null])))
    assert said(laden.feed(first[50:] + second + first[:9])) == [(ITEM, 1, bytes(100), 0), (CALL, 2, b"laden", 1)]
    assert said(laden.plain().feed(first[9:])) == [(ITEM, 1, bytes(100), 0)]


def test_bytes_that_came_before_it_counted_have_none(null: Fd) -> None:
    told = Told()
    decoder = LadenFrameDecoder(MIB, told, 8, ahead=len(GREETING) + 5)
    call = frame(CALL, 1, b"x", descriptors=1)
    told.waiting.append((0, DescriptorBatch.copies_of([null])))
    with pytest.raises(PeerBrokeProtocol, match="none at -5"):
        decoder.feed(GREETING + call)


@pytest.mark.parametrize("kind", [Kind.ITEM, Kind.FAILURE, Kind.STREAM, Kind.END, Kind.CREDIT, Kind.CANCEL, 200, 99])
def test_other_kinds_carry_none(kind: int) -> None:
    decoder = LadenFrameDecoder(MIB, Told(), 8)
    decoder.feed(GREETING)
    with pytest.raises(PeerBrokeProtocol):
        decoder.feed(frame(int(kind), 1, descriptors=1))


def test_what_breaks_the_protocol_of_others_does_so_here(null: Fd) -> None:
    for wrong, error in (
        (frame(CALL, 1, descriptors=9), PeerBrokeProtocol),  # more than 8
        (frame(CALL, 1, flags=1), PeerBrokeProtocol),
        (frame(99, 1), PeerBrokeProtocol),
        (GREETING, PeerBrokeProtocol),
        (frame(CALL, 1, bytes(MIB + 1))[:12], MessageTooLong),
    ):
        decoder = LadenFrameDecoder(MIB, Told(), 8)
        decoder.feed(GREETING)
        with pytest.raises(error):
            decoder.feed(wrong)
    with pytest.raises(PeerBrokeProtocol):
        LadenFrameDecoder(MIB, Told(), 8).feed(frame(CALL, 1))
    decoder = LadenFrameDecoder(MIB, Told(), 8)
    decoder.feed(GREETING + frame(CALL, 1)[:5])
    with pytest.raises(PeerBrokeProtocol, match="5 bytes of a frame"):
        decoder.check_end()


def test_what_is_laden_is_neither_joined_nor_cut_before_it_is_sent(null: Fd) -> None:
    chance = random.Random(3)
    laden = [Laden(b"laden", DescriptorBatch.copies_of([null])) for _ in range(5)]
    pieces: list[bytes] = [*laden, *(bytes([each]) * each for each in range(1, 20))]
    chance.shuffle(pieces)
    joined = join_small(list(pieces))
    assert b"".join(joined) == b"".join(pieces)
    assert [id(piece) for piece in joined if isinstance(piece, Laden)] == [
        id(piece) for piece in pieces if isinstance(piece, Laden)
    ]
    assert len(joined) <= 2 * len(laden) + 1
    queue = SendQueue(MIB)
    for piece in pieces:
        queue.append(piece)
    sent, with_descriptors = b"", 0
    while queue:
        piece = queue.next_piece()
        queue.mark_sent(0)  # the kernel has taken nothing
        assert (type(queue.next_piece()), queue.next_piece()) == (type(piece), piece)
        with_descriptors += isinstance(piece, Laden)
        sent += bytes(piece[:3])
        queue.mark_sent(min(3, len(piece)))
    assert sent == b"".join(pieces)
    assert with_descriptors == len(laden)
