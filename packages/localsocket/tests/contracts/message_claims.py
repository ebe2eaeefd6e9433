"""The claims about everything that sends and receives whole messages."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from contracts.subjects import MessageFace, MessageOptions, MessagesUnderTest
from localsocket.errors import (
    ClosedByPeer,
    ClosedByUs,
    DeadlinePassed,
    EndOfStream,
    MessageTooLong,
    PeerBrokeProtocol,
    TooLongToSend,
    UnsuitableMessage,
)
from localsocket.interfaces import KIB, MIB
from localsocket.testing import FOREVER, PATIENCE, Background, Contract, raises
from localsocket.wire.frames import HEADER, Kind, encode_frame
from localsocket.wire.greeting import Greeting
from localsocket.wire.serializers import SerializerName

message_contract: Contract[MessageFace] = Contract()

_SOON = 0.02
_SMALL = 4 * KIB
_MAXIMUM = 1000
_SENDERS = 8
_MESSAGES = 40

_SAMPLES: dict[SerializerName, list[Any]] = {
    "raw": [b"bytes", b"", bytes(300 * KIB)],
    "text": ["Straße", "", "\0 🙂 " * 50_000],
    "json": [{"a": [1, 2.5, None, True]}, [], "", "x" * 300_000],
    "msgpack": [{"a": [1, 2.5, None, True, b"\0"]}, [], "", bytes(300 * KIB)],
}

_UNSUITABLE: dict[SerializerName, Any] = {"raw": "text", "text": b"bytes", "json": object(), "msgpack": 2**64}


@message_contract.claim
def messages_arrive_whole_and_in_order(face: MessageFace) -> None:
    for serializer, samples in _SAMPLES.items():
        with face.message_pair({"serializer": serializer}) as (one, other):
            for sender, receiver in ((one, other), (other, one)):
                with Background(_send_all, sender, samples):
                    assert [_receive(receiver) for _ in samples] == samples


@message_contract.claim
def what_has_no_form_is_refused_and_costs_nothing(face: MessageFace) -> None:
    for serializer, unsuitable in _UNSUITABLE.items():
        with face.message_pair({"serializer": serializer}) as (one, other):
            refused = raises(UnsuitableMessage, lambda one=one, value=unsuitable: _send(one, value))  # type: ignore[misc]
            assert refused.serializer == serializer
            _send(one, _SAMPLES[serializer][0])
            assert _receive(other) == _SAMPLES[serializer][0]


@message_contract.claim
def a_message_may_have_as_many_bytes_as_its_receiver_takes(face: MessageFace) -> None:
    small, large = _raw(max_message=_MAXIMUM), _raw(max_message=2 * _MAXIMUM)
    with face.message_pair(small, large) as (one, other):
        for sender, receiver, limit in ((one, other, 2 * _MAXIMUM), (other, one, _MAXIMUM)):
            too_long = raises(TooLongToSend, lambda end=sender, size=limit + 1: _send(end, bytes(size)))  # type: ignore[misc]
            assert (too_long.length, too_long.limit) == (limit + 1, limit)
            _send(sender, bytes(limit))
            assert len(_receive(receiver)) == limit


@message_contract.claim
def a_length_beyond_the_maximum_ends_the_connection_at_its_header(face: MessageFace) -> None:
    with face.message_end(_raw(max_message=_MAXIMUM)) as (end, peer):
        peer.write(_greeting(), timeout=PATIENCE)
        peer.write(HEADER.pack(2**32 - 1, Kind.MESSAGE, 0, 0, 0), timeout=PATIENCE)
        too_long = raises(MessageTooLong, lambda: _receive(end))
        assert (too_long.length, too_long.limit) == (2**32 - 1, _MAXIMUM)
        assert peer.wait_disconnected(PATIENCE)
        raises(ClosedByUs, lambda: _send(end, b"more"))


@message_contract.claim
def who_talks_of_something_else_is_turned_away(face: MessageFace) -> None:
    for said in (
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        _greeting() + encode_frame(Kind.CALL, 1, b""),
        _greeting() + _greeting(),
        Greeting(role="client", max_message=1, serializer="raw").encode(),
    ):
        with face.message_end(_raw()) as (end, peer):
            peer.write(said, timeout=PATIENCE)
            raises(PeerBrokeProtocol, lambda end=end: _receive(end))  # type: ignore[misc]
            assert peer.wait_disconnected(PATIENCE)


@message_contract.claim
def both_ends_have_to_have_the_same_serializer(face: MessageFace) -> None:
    with face.message_pair(_raw(), {"serializer": "text"}) as (one, other):
        raises(PeerBrokeProtocol, lambda: _receive(one))
        raises((PeerBrokeProtocol, ClosedByPeer), lambda: _receive(other))


@message_contract.claim
def a_message_of_another_type_is_refused_and_the_next_one_comes(face: MessageFace) -> None:
    plain: MessageOptions = {"serializer": "json"}
    with face.message_pair(plain, {"serializer": "json", "kind": list[int]}) as (one, other):
        _send_all(one, [[1, "two"], [3]])
        assert "$[1]" in str(raises(PeerBrokeProtocol, lambda: _receive(other)))
        assert _receive(other) == [3]


@message_contract.claim
def a_waiting_receive_is_woken_by_a_message(face: MessageFace) -> None:
    with face.message_pair(_raw()) as (one, other):
        waiter = Background(lambda: other.receive(timeout=FOREVER))
        waiter.wait_until_waiting()
        _send(one, b"hello")
        assert waiter.result() == b"hello"


@message_contract.claim
def a_late_receive_consumes_nothing(face: MessageFace) -> None:
    message = encode_frame(Kind.MESSAGE, 0, b"hello")
    with face.message_end(_raw()) as (end, peer):
        for piece in (_greeting(), message[:5], message[5:14]):
            peer.write(piece, timeout=PATIENCE)
            raises(DeadlinePassed, lambda: end.receive(timeout=0))
            raises(DeadlinePassed, lambda: end.receive(timeout=_SOON))
        peer.write(message[14:], timeout=PATIENCE)
        assert _receive(end) == b"hello"


@message_contract.claim
def nothing_is_sent_to_a_peer_that_has_not_greeted(face: MessageFace) -> None:
    with face.message_end(_raw()) as (end, peer):
        raises(DeadlinePassed, lambda: end.send(b"hello", timeout=_SOON))
        peer.write(_greeting(max_message=5), timeout=PATIENCE)
        raises(TooLongToSend, lambda: _send(end, b"longer"))
        _send(end, b"hello")
        said = encode_frame(Kind.MESSAGE, 0, b"hello")
        everything = peer.read_exactly(len(_greeting()) + len(said), timeout=PATIENCE)
        assert everything.endswith(said)


@message_contract.claim
def the_end_is_found_again_and_ends_iteration(face: MessageFace) -> None:
    with face.message_pair(_raw()) as (one, other):
        _send_all(one, [b"one", b"two"])
        one.shutdown_write(timeout=PATIENCE)
        assert list(other) == [b"one", b"two"]
        for _ in range(2):
            raises(EndOfStream, lambda: _receive(other))
        _send(other, b"answer")
        assert _receive(one) == b"answer"
        raises(ClosedByUs, lambda: _send(one, b"more"))


@message_contract.claim
def an_end_in_the_middle_of_a_message_is_no_end(face: MessageFace) -> None:
    with face.message_end(_raw()) as (end, peer):
        peer.write(_greeting() + encode_frame(Kind.MESSAGE, 0, b"hello")[:-1], timeout=PATIENCE)
        peer.shutdown_write(timeout=PATIENCE)
        raises(PeerBrokeProtocol, lambda: _receive(end))


@message_contract.claim
def closing_wakes_who_waits(face: MessageFace) -> None:
    with face.message_pair(_raw()) as (one, _), face.message_end(_raw()) as (ungreeted, _):
        waits: list[tuple[MessagesUnderTest, Callable[[], object]]] = [
            (one, lambda: one.receive(timeout=FOREVER)),
            (ungreeted, lambda: ungreeted.send(b"hello", timeout=FOREVER)),
        ]
        for end, wait in waits:
            waiter = Background(wait)
            waiter.wait_until_waiting()
            end.abort()
            raises(ClosedByUs, waiter.result)
            raises(ClosedByUs, lambda end=end: _send(end, b"x"))  # type: ignore[misc]
            end.close(timeout=PATIENCE)


@message_contract.claim
def a_peer_that_leaves_is_noticed_and_what_it_sent_stays_readable(face: MessageFace) -> None:
    with face.message_pair(_raw()) as (one, other):
        _send(other, b"last words")
        other.close(timeout=PATIENCE)
        assert _receive(one) == b"last words"
        raises(EndOfStream, lambda: _receive(one))
        raises(ClosedByPeer, lambda: _send(one, b"more"))


@message_contract.claim
def a_sender_is_held_back_by_who_does_not_receive_and_loses_nothing(face: MessageFace) -> None:
    with face.message_pair(_raw(), kernel_buffer=_SMALL) as (one, other):
        late = raises(DeadlinePassed, lambda: one.send(bytes(MIB), timeout=_SOON))
        assert 0 < late.queued < MIB
        with Background(lambda: _send(one, b"next")):
            assert _receive(other) == bytes(MIB)
            assert _receive(other) == b"next"


@message_contract.claim
def two_who_send_much_to_each_other_at_once_both_come_through(face: MessageFace) -> None:
    def exchange(end: MessagesUnderTest) -> list[Any]:
        _send_all(end, sent)
        return [_receive(end) for _ in sent]

    sent = [bytes([number]) * MIB for number in range(4)]
    with (
        face.message_pair(_raw(), kernel_buffer=_SMALL) as (one, other),
        Background(exchange, one) as first,
        Background(exchange, other) as second,
    ):
        assert first.result() == second.result() == sent


@message_contract.claim
def messages_of_many_are_never_mixed_and_each_goes_to_one(face: MessageFace) -> None:
    def send_some(end: MessagesUnderTest, sender: int) -> None:
        _send_all(end, [[sender, number, "x" * (number * 97)] for number in range(_MESSAGES)])

    def receive_some(end: MessagesUnderTest) -> list[Any]:
        return [_receive(end) for _ in range(_MESSAGES)]

    with face.message_pair({"serializer": "msgpack"}, kernel_buffer=_SMALL) as (one, other):
        receivers = [Background(receive_some, other) for _ in range(_SENDERS)]
        senders = [Background(send_some, one, sender) for sender in range(_SENDERS)]
        received = [receiver.result() for receiver in receivers]
        for each in senders:
            each.result()
    everything = [(sender, number) for sender, number, _ in itertools.chain.from_iterable(received)]
    assert sorted(everything) == [(sender, number) for sender in range(_SENDERS) for number in range(_MESSAGES)]
    for messages in received:
        for wanted in range(_SENDERS):
            numbers = [number for sender, number, _ in messages if sender == wanted]
            assert numbers == sorted(numbers)


def _raw(*, max_message: int = MIB) -> MessageOptions:
    return {"serializer": "raw", "max_message": max_message}


def _greeting(*, max_message: int = MIB) -> bytes:
    return Greeting(role="messages", max_message=max_message, serializer="raw").encode()


def _send(end: MessagesUnderTest, message: object) -> None:
    end.send(message, timeout=PATIENCE)


def _send_all(end: MessagesUnderTest, messages: list[Any]) -> None:
    for message in messages:
        _send(end, message)


def _receive(end: MessagesUnderTest) -> Any:
    return end.receive(timeout=PATIENCE)
