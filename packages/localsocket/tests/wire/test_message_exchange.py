"""One end of an exchange of messages: what it sends, and what it makes of what arrives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localsocket.errors import EndOfStream, MessageTooLong, PeerBrokeProtocol, TooLongToSend, UnsuitableMessage
from localsocket.wire.byte_buffer import ByteBuffer
from localsocket.wire.message_exchange import MessageExchange
from wire.building import (
    CALL,
    CANCEL,
    CREDIT,
    END,
    FAILURE,
    ITEM,
    MESSAGE,
    NOTIFICATION,
    REPLY,
    STREAM,
    frame,
    frames_in,
    greeting,
    split_at,
)

GREETED = greeting("messages")


def exchange(max_message: int = 1000) -> MessageExchange:
    return MessageExchange("msgpack", Any, max_message)


def received(*pieces: bytes, has_ended: bool = False) -> ByteBuffer:
    buffer = ByteBuffer(1 << 20)
    for piece in pieces:
        buffer.feed(piece)
    if has_ended:
        buffer.feed_end()
    return buffer


@pytest.mark.long
@settings(max_examples=50)
@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(0, 2**20), max_size=20))
def test_messages_cut_anywhere_come_in_order_and_then_the_end(messages: list[bytes], cuts: list[int]) -> None:
    sender, receiver = exchange(), exchange()
    data = sender.mine.encode() + b"".join(map(sender.encode, messages))
    got = []
    for piece in split_at(data, cuts):
        buffer = received(piece)
        while (body := receiver.take_body(buffer)) is not None:
            got.append(receiver.serializer.decode(body))
    assert got == messages
    with pytest.raises(EndOfStream):
        receiver.take_body(received(has_ended=True))


def test_a_message_is_one_frame_without_a_number() -> None:
    assert frames_in(exchange().encode([1])) == [(MESSAGE, 0, b"\x91\x01")]


def test_it_greets_with_its_form_and_its_limit() -> None:
    [(_, _, body)] = frames_in(MessageExchange("json", Any, 77).mine.encode())
    assert b"json" in body
    peer = MessageExchange("json", Any, 1)
    greeted = peer.take_greeting(received(MessageExchange("json", Any, 77).mine.encode()))
    assert greeted is not None
    assert (greeted.role, greeted.max_message) == ("messages", 77)


def test_the_greeting_may_come_with_messages_which_are_kept() -> None:
    one = exchange()
    assert one.take_greeting(received(GREETED + frame(MESSAGE, 0, b"\x01") + frame(MESSAGE, 0, b"\x02"))) is not None
    assert [one.take_body(received()), one.take_body(received()), one.take_body(received())] == [b"\x01", b"\x02", None]


def test_what_the_peer_does_not_take_is_not_sent() -> None:
    one = exchange()
    one.feed(greeting("messages", max_message=5))
    one.encode(b"123")
    with pytest.raises(TooLongToSend) as refused:
        one.encode(b"1234")
    assert (refused.value.length, refused.value.limit) == (6, 5)
    with pytest.raises(UnsuitableMessage):
        one.encode(object())


@pytest.mark.parametrize("kind", [CALL, NOTIFICATION, REPLY, FAILURE, STREAM, ITEM, END, CREDIT, CANCEL])
def test_nothing_but_messages_is_exchanged(kind: int) -> None:
    one = exchange()
    with pytest.raises(PeerBrokeProtocol, match=f"kind {kind}"):
        one.feed(GREETED + frame(kind, 0))


def test_a_message_has_no_number() -> None:
    one = exchange()
    with pytest.raises(PeerBrokeProtocol):
        one.feed(GREETED + frame(MESSAGE, 1))


def test_a_longer_message_than_was_said_breaks_the_protocol() -> None:
    one = exchange(max_message=5)
    with pytest.raises(MessageTooLong):
        one.feed(GREETED + frame(MESSAGE, 0, bytes(6))[:12])


@pytest.mark.parametrize("count", [1, 12, len(GREETED) - 1, len(GREETED) + 1, len(GREETED) + 12])
def test_an_end_in_the_middle_of_a_frame_is_no_end_of_messages(count: int) -> None:
    data = (GREETED + frame(MESSAGE, 0, b"\x01"))[:count]
    one, buffer = exchange(), received(data, has_ended=True)
    assert one.take_body(buffer) is None
    with pytest.raises(PeerBrokeProtocol, match="bytes of a frame"):
        one.take_body(buffer)
