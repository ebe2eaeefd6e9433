"""What holds of any bytes that come by varlink, to a service or to a client."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from localsocket.errors import PeerBrokeProtocol
from localsocket.wire.call_bodies import Failure
from localsocket.wire.frames import Kind
from localsocket.wire.greeting import Greeting
from localsocket.wire.stream_terms import StreamTerms
from localsocket.wire.varlink import VarlinkDoor, shape_of
from localsocket.wire.varlink_caller import VarlinkCaller

MAX_MESSAGE = 4096
SHAPES = {
    "a.b.Add": shape_of("result", is_stream=False, names={"to": "to_"}),
    "a.b.Count": shape_of("item", is_stream=True),
    "a.b.Note": shape_of(None, is_stream=False),
}

SAID = (
    b'{"method":"a.b.Add","parameters":{"to":1,"b":[1.5,"x",null]}}\0'
    b'{"method":"a.b.Count","more":true}\0{"method":"a.b.Note","oneway":true,"parameters":null}\0'
    b'{"method":"a.b.Gone","upgrade":false}\0'
)
ANSWERED = (
    b'{"parameters":{"interfaces":["a.b"],"product":"x"}}\0{"parameters":{"item":1},"continues":true}\0'
    b'{"parameters":{}}\0{"error":"a.b.Gone","parameters":{"message":"x","arguments":[1]}}\0'
)


def a_varlink_service_answers_in_order_however_messages_are_cut(data: bytes) -> None:
    whole = _answered(data, len(data) or 1)
    assert whole == _answered(data, 1 + len(data) % 7)
    assert whole is None or all(isinstance(msgspec.json.decode(each), dict) for each in whole.split(b"\0")[:-1])


def _answered(data: bytes, step: int) -> bytes | None:
    """Return what a service answers that is ready with the last calls first; None where the protocol is broken."""
    door = VarlinkDoor("a.b", SHAPES, {}, MAX_MESSAGE)
    served: list[Any] = []
    try:
        for begin in range(0, len(data), step):
            served += [answer for kind, answer in door.feed(data[begin : begin + step]) if kind == Kind.CALL]
    except PeerBrokeProtocol:
        assert {id(each) for each in door.abandon()} <= {id(each) for each in served}
        return None
    out = b""
    for count, answer in enumerate(reversed(served)):
        if answer.refusal is not None or answer.body.method not in SHAPES:
            out += door.fail(answer, Failure("no-such-method", "no", {"method": answer.body.method}))
        else:
            out += door.reply(answer, b"%d" % (len(served) - count))
    assert (door.open_calls, door.bytes_held) == (0, 0)
    assert out.count(b"\0") == len(served)
    return out


def a_varlink_client_forgets_no_call(data: bytes) -> None:
    caller = VarlinkCaller(Greeting(role="client", max_message=MAX_MESSAGE, stream_window=100))
    begun, ended = [], []
    with contextlib.suppress(PeerBrokeProtocol):
        for begin in range(0, len(data), 20):
            for call in caller.feed(data[begin : begin + 20]):
                while caller.take_item(call):
                    pass
                if call.is_over:
                    ended.append(call)
            if caller.has_room:
                begun.append(caller.begin("a.b.One", None, (), terms=StreamTerms(is_asked_for=len(begun) % 2 == 0)))
        caller.check_end()
    assert {id(each) for each in ended + caller.abandon()} == {id(each) for each in begun}
