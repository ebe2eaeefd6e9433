"""Much that arrives at once is read in pieces, so that others have their turn between two of them."""

from __future__ import annotations

from typing import Any

import pytest

from localsocket.wire.answerer import Answerer
from localsocket.wire.byte_buffer import ByteBuffer
from localsocket.wire.frames import PIECE, FrameDecoder
from localsocket.wire.greeting import Greeting
from localsocket.wire.message_exchange import MessageExchange
from wire.building import MESSAGE, NOTIFICATION, call, frame, greeting, pack

SMALL = frame(MESSAGE, 0, b"\x01")
IN_A_PIECE = -(-PIECE // len(SMALL))
MANY = 20 * IN_A_PIECE


def decoder() -> FrameDecoder:
    made = FrameDecoder(1 << 20, piece=PIECE)
    made.feed(greeting("messages"))
    return made


def test_the_frames_of_a_piece_are_given_and_then_those_of_the_next() -> None:
    one = decoder()
    given = [one.feed(SMALL * MANY)]
    while one.has_more:
        given.append(one.feed(b""))
    assert [len(each) for each in given[:-1]] == [IN_A_PIECE] * (len(given) - 1)
    assert sum(map(len, given)) == MANY


@pytest.mark.parametrize("cut", [1, 12, 13, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_frame_that_is_not_whole_is_none_of_what_there_is_more_of(cut: int) -> None:
    large = frame(MESSAGE, 7, bytes(4 * PIECE))
    one = decoder()
    assert len(one.feed(SMALL + large[:cut])) == 1
    assert not one.has_more
    assert len(one) == cut
    assert one.wanted == (12 - cut if cut < 12 else len(large) - cut)
    assert [number for _, number, _ in one.feed(large[cut:])] == [7]
    assert (len(one), one.has_more) == (0, False)


def test_what_arrives_while_there_is_more_comes_behind_it() -> None:
    one = decoder()
    first = [number for _, number, _ in one.feed(b"".join(frame(MESSAGE, n, b"\x01") for n in range(MANY)))]
    first += [number for _, number, _ in one.feed(frame(MESSAGE, MANY, b"\x01"))]
    while one.has_more:
        first += [number for _, number, _ in one.feed(b"")]
    assert first == list(range(MANY + 1))


def test_a_service_reads_a_piece_of_a_peers_calls() -> None:
    answerer = Answerer(Greeting(role="service", max_message=1000))
    answerer.feed(greeting("client", stream_window=1))
    calls = b"".join(call(number, "m") for number in range(1, MANY))
    got = len(answerer.feed(calls))
    assert 0 < got <= IN_A_PIECE
    assert (answerer.unread > 0, answerer.unfinished) == (True, 0)
    while answerer.has_more:
        got += len(answerer.feed(b""))
    answerer.feed(frame(NOTIFICATION, 0, pack(("m", None, ())))[:-1])
    assert (got, answerer.unread, answerer.unfinished > 0) == (MANY - 1, 0, True)


def test_a_message_socket_makes_messages_of_a_piece_of_what_it_has_read() -> None:
    exchange, buffer = MessageExchange("msgpack", Any, 1000), ByteBuffer(1 << 20)
    buffer.feed(greeting("messages") + SMALL * MANY)
    assert exchange.take_body(buffer) == b"\x01"
    assert len(exchange._arrived) < IN_A_PIECE
    assert [exchange.take_body(buffer) for _ in range(MANY)] == [b"\x01"] * (MANY - 1) + [None]


def test_a_message_longer_than_what_is_taken_at_once_comes_whole() -> None:
    longest = 1 << 20
    exchange, buffer = MessageExchange("raw", None, longest), ByteBuffer(2 * longest)
    buffer.feed(greeting("messages", serializer="raw") + frame(MESSAGE, 0, bytes(longest)) + SMALL)
    bodies = [exchange.take_body(buffer) for _ in range(2)]
    assert [len(body or b"") for body in bodies] == [longest, 1]
