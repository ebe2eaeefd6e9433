"""What holds of any bytes whatever: each promise is given some, and raises when it is broken."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from localsocket.errors import EndOfStream, PeerBrokeProtocol
from localsocket.wire.answerer import Answerer
from localsocket.wire.byte_buffer import ByteBuffer
from localsocket.wire.call_bodies import Failure, decode_call, decode_count, decode_failure
from localsocket.wire.caller import Caller
from localsocket.wire.frames import HEADER_SIZE, MAX_GREETING, FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import Greeting, decode_greeting
from localsocket.wire.http_door import HttpDoor
from localsocket.wire.message_exchange import MessageExchange
from localsocket.wire.serializers import SERIALIZERS, Serializer

if __package__:
    from fuzz.both_ways_promises import TALKED, an_end_that_calls_and_is_called_forgets_no_call
    from fuzz.shared_memory_promises import (
        LARGE_RESULTS,
        RESULTS,
        RIGHT,
        a_client_reads_whole_results_out_of_memory_or_ends_that_connection,
        a_service_reads_whole_bodies_out_of_memory_or_ends_that_connection,
    )
    from fuzz.varlink_promises import (
        ANSWERED,
        SAID,
        a_varlink_client_forgets_no_call,
        a_varlink_service_answers_in_order_however_messages_are_cut,
    )
else:  # where the fuzzer runs
    from both_ways_promises import TALKED, an_end_that_calls_and_is_called_forgets_no_call
    from shared_memory_promises import (
        LARGE_RESULTS,
        RESULTS,
        RIGHT,
        a_client_reads_whole_results_out_of_memory_or_ends_that_connection,
        a_service_reads_whole_bodies_out_of_memory_or_ends_that_connection,
    )
    from varlink_promises import (
        ANSWERED,
        SAID,
        a_varlink_client_forgets_no_call,
        a_varlink_service_answers_in_order_however_messages_are_cut,
    )

MAX_MESSAGE = 4096

CLIENT = Greeting(role="client", max_message=MAX_MESSAGE, stream_window=100)
SERVICE = Greeting(role="service", max_message=MAX_MESSAGE, max_calls=8)


def frames_are_the_same_however_they_are_cut(data: bytes) -> None:
    decoder, cut = FrameDecoder(MAX_MESSAGE), FrameDecoder(MAX_MESSAGE)
    whole = _fed(decoder, data)
    in_pieces: list[Any] | None = []
    step = 1 + len(data) % 7
    for begin in range(0, len(data), step):
        more = _fed(cut, data[begin : begin + step])
        if more is None or in_pieces is None:
            in_pieces = None
            break
        in_pieces += more
    assert whole == in_pieces


def _fed(decoder: FrameDecoder, data: bytes) -> list[Any] | None:
    try:
        frames = [(kind, number, bytes(body)) for kind, number, body in decoder.feed(data)]
    except PeerBrokeProtocol:
        return None
    assert len(decoder) < HEADER_SIZE + MAX_GREETING
    return frames


def a_service_forgets_no_call(data: bytes) -> None:
    answerer = Answerer(SERVICE)
    answerer.feed(CLIENT.encode())
    served, cancelled = [], []
    with contextlib.suppress(PeerBrokeProtocol):
        for begin in range(0, len(data), 100):
            for kind, answer in answerer.feed(data[begin : begin + 100]):
                if kind == Kind.CALL:
                    served.append(answer)
                    answerer.open_stream(answer)
                elif kind == Kind.CANCEL:
                    cancelled.append(answer)
                elif kind == Kind.CREDIT and answer.credit > 0:
                    answerer.item(answer, b"\x01")
        answerer.check_end()
    assert {id(each) for each in cancelled + answerer.abandon()} == {id(each) for each in served}


def a_client_forgets_no_call(data: bytes) -> None:
    caller = Caller(CLIENT)
    caller.feed(SERVICE.encode())
    calls = [caller.begin("echo", None, ()) for _ in range(4)]
    caller.cancel(calls.pop())
    ended = []
    with contextlib.suppress(PeerBrokeProtocol):
        for begin in range(0, len(data), 100):
            for call in caller.feed(data[begin : begin + 100]):
                caller.take_item(call)
                if call.is_over:
                    ended.append(call)
        caller.check_end()
    assert {id(each) for each in ended + caller.abandon()} == {id(each) for each in calls}


def messages_come_out_or_break_the_protocol(data: bytes) -> None:
    for serializer in SERIALIZERS:
        exchange = MessageExchange(serializer, Any, MAX_MESSAGE)
        buffer = ByteBuffer(1 << 20)
        buffer.feed(exchange.mine.encode() + data)
        buffer.feed_end()
        with contextlib.suppress(PeerBrokeProtocol, EndOfStream):
            while True:
                if (body := exchange.take_body(buffer)) is not None:
                    exchange.serializer.decode(body)


def bodies_are_read_or_break_the_protocol(data: bytes) -> None:
    for decode in (decode_call, decode_failure, decode_count, _decode_greeting, *_DESERIALIZERS):
        with contextlib.suppress(PeerBrokeProtocol):
            decode(data)


def _decode_greeting(data: bytes) -> Greeting:
    return decode_greeting(data, SERVICE)


_DESERIALIZERS = [Serializer(name).decode for name in SERIALIZERS]
_DESERIALIZERS += [Serializer("msgpack", kind).decode for kind in (dict[str, list[int]], Failure, set[str])]


def requests_are_the_same_however_they_are_cut(data: bytes) -> None:
    assert _asked(data, max(1, len(data))) == _asked(data, 1 + len(data) % 7)


def _asked(data: bytes, step: int) -> tuple[list[tuple[str, bytes]], bool, bool]:
    """Return what is asked by HTTP, where each call is answered at once, and how that ends."""
    door, asked = HttpDoor(MAX_MESSAGE, {"echo"}), []
    for begin in range(0, len(data), step):
        for _, answer in door.feed(data[begin : begin + step]):
            asked.append((answer.body.method, bytes(answer.body.named)))
            door.reply(answer, b"1")
    assert not door.open_calls
    assert not door.bytes_held
    return asked, door.has_ended, bool(door.fault)


PROMISES: tuple[Callable[[bytes], None], ...] = (
    frames_are_the_same_however_they_are_cut,
    a_service_forgets_no_call,
    a_client_forgets_no_call,
    messages_come_out_or_break_the_protocol,
    bodies_are_read_or_break_the_protocol,
    a_varlink_service_answers_in_order_however_messages_are_cut,
    a_varlink_client_forgets_no_call,
    requests_are_the_same_however_they_are_cut,
    an_end_that_calls_and_is_called_forgets_no_call,
    a_service_reads_whole_bodies_out_of_memory_or_ends_that_connection,
    a_client_reads_whole_results_out_of_memory_or_ends_that_connection,
)


def try_promise(data: bytes) -> None:
    """Try the promise that the first byte says with the rest."""
    if data:
        PROMISES[data[0] % len(PROMISES)](data[1:])


# --- what the fuzzer begins with --------------------------------------------------------------------------------------


def conversations() -> list[bytes]:
    """Return right conversations of all kinds, each for its promise."""
    call = b"\x95\xa4echo\xcb?\xf8\x00\x00\x00\x00\x00\x00\x91\x01\x81\xa1a\x02\x81\xa1t\xa10"
    failure = b"\x93\xa6raised\xa2no\x83\xa4name\xa1E\xa9arguments\x91\x01\xaaattributes\x80"
    asked = b"".join(
        [
            encode_frame(Kind.CALL, 1, call),
            encode_frame(Kind.CREDIT, 1, b"\xcd\x03\xe8"),
            encode_frame(Kind.NOTIFICATION, 0, b"\x93\xa4echo\xc0\x90"),
            encode_frame(Kind.CANCEL, 1, b""),
        ]
    )
    answered = b"".join(
        [
            encode_frame(Kind.REPLY, 1, b"\x05"),
            encode_frame(Kind.STREAM, 2, b""),
            encode_frame(Kind.ITEM, 2, b"\xa3one"),
            encode_frame(Kind.END, 2, b""),
            encode_frame(Kind.FAILURE, 3, failure),
            encode_frame(Kind.REPLY, 4, b"\x05"),
        ]
    )
    messages = encode_frame(Kind.MESSAGE, 0, b'{"a":[1,null]}') + encode_frame(Kind.MESSAGE, 0, b"\x81\xa1a\x01")
    bodies = [
        call,
        failure,
        CLIENT.encode()[12:],
        b"\xd6\xff\x00\x00\x00\x01",
        b"\xc7\x01\x05\x00",
        b"\xdd\x00\x00\x00\x01\x01",
    ]
    return [
        b"\x00" + CLIENT.encode() + asked,
        b"\x00" + SERVICE.encode() + answered,
        b"\x01" + asked,
        b"\x02" + answered,
        b"\x03" + messages,
        *(b"\x04" + body for body in bodies),
        b"\x05" + SAID,
        b"\x06" + ANSWERED,
        b'\x07POST /echo HTTP/1.1\r\nHost:\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}',
        b"\x07GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        b"\x08" + TALKED,
        b"\x09" + RIGHT,
        b"\x09" + LARGE_RESULTS,
        b"\x0a" + RESULTS,
    ]
