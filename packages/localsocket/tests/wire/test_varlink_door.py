"""The answering half of varlink: however messages are cut, their answers come in their order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localsocket.errors import BadArguments, MessageTooLong, PeerBrokeProtocol, TooLongToSend
from localsocket.wire.answerer import AnsweredCall
from localsocket.wire.call_bodies import Failure
from localsocket.wire.frames import Kind
from localsocket.wire.strict_json import AmbiguousJSON, IntegerTooLarge, check_json
from localsocket.wire.varlink import VarlinkDoor, camel_case, shape_of
from wire.broken_varlink import BROKEN

ADD, COUNT, NOTHING = "a.b.Add", "a.b.Count", "a.b.Nothing"
SHAPES = {
    ADD: shape_of("result", is_stream=False, names={"to": "to_"}),
    COUNT: shape_of("item", is_stream=True),
    NOTHING: shape_of(None, is_stream=False),
}


def new_door(longest: int = 1000) -> VarlinkDoor:
    return VarlinkDoor("a.b", SHAPES, {"NotFound": "NotFound2"}, longest)


def said(method: str, **members: Any) -> bytes:
    return json.dumps({"method": method, **members}).encode() + b"\0"


def asked(door: VarlinkDoor, *messages: bytes) -> list[AnsweredCall]:
    return [answer for _, answer in door.feed(b"".join(messages))]


def replies_in(data: bytes) -> list[Any]:
    assert not data or data.endswith(b"\0")
    return [json.loads(message) for message in data.split(b"\0")[:-1]]


def test_messages_are_read_however_they_are_cut() -> None:
    data = said(ADD, parameters={"a": 1}) + said(NOTHING) + said(COUNT, more=True)
    whole = [answer.body.method for answer in asked(new_door(), data)]
    assert whole == [ADD, NOTHING, COUNT]
    for size in (1, 2, 7, 50):
        door = new_door()
        pieces = [data[begin : begin + size] for begin in range(0, len(data), size)]
        assert [answer.body.method for piece in pieces for answer in asked(door, piece)] == whole


def test_a_peer_has_greeted_with_its_first_whole_message() -> None:
    door = new_door()
    door.feed(said(NOTHING)[:-1])
    assert not door.is_greeted
    door.feed(b"\0")
    assert door.is_greeted


def test_answers_come_in_the_order_of_the_calls() -> None:
    door = new_door()
    first, second, third = asked(door, said(ADD), said(ADD), said(NOTHING))
    assert door.reply(third, b"") == b""
    assert door.reply(second, b"2") == b""
    assert door.bytes_held == len(b'{"parameters":{"result":2}}\0') + len(b'{"parameters":{}}\0')
    assert door.open_calls == 3
    assert replies_in(door.reply(first, b"1")) == [
        {"parameters": {"result": 1}},
        {"parameters": {"result": 2}},
        {"parameters": {}},
    ]
    assert (door.bytes_held, door.open_calls, door.has_news) == (0, 0, False)


def test_a_stream_sends_when_it_is_its_turn_and_says_when_that_is() -> None:
    door = new_door()
    first, stream, last = asked(door, said(ADD), said(COUNT, more=True), said(ADD))
    assert first.may_send_item
    assert not stream.may_send_item
    assert door.open_stream(stream) == b""
    assert door.reply(last, b"3") == b""
    assert replies_in(door.reply(first, b"1")) == [{"parameters": {"result": 1}}]
    assert door.has_news
    assert door.take_turned() == [stream]
    assert not door.has_news
    assert stream.may_send_item
    assert replies_in(door.item(stream, b"7")) == [{"parameters": {"item": 7}, "continues": True}]
    assert replies_in(door.end_stream(stream)) == [{"parameters": {}}, {"parameters": {"result": 3}}]


def test_a_oneway_call_is_never_answered() -> None:
    door = new_door()
    ((kind, answer),) = door.feed(said(ADD, oneway=True))
    assert (kind, answer.number, door.open_calls) == (Kind.NOTIFICATION, 0, 0)
    assert door.fail(answer, Failure("failed", "no")) == b""


def test_calls_that_came_along_with_a_broken_message_leave_nothing_behind() -> None:
    door = new_door()
    (first,) = asked(door, said(ADD))
    with pytest.raises(PeerBrokeProtocol):
        door.feed(said(ADD) + said(ADD) + b"}\0")
    assert door.abandon() == [first]
    assert first.is_over


def test_a_message_beyond_the_limit_is_refused_while_it_comes() -> None:
    for data in (b"{" * 1001, said(ADD, parameters={"x": "y" * 1000})):
        with pytest.raises(MessageTooLong):
            new_door().feed(data)
    door = new_door()
    (answer,) = asked(door, said(ADD))
    with pytest.raises(TooLongToSend):
        door.reply(answer, b"1" * 1001)
    (reply,) = replies_in(
        door.fail(answer, Failure("raised", "x" * 2000, {"name": "E", "arguments": [], "attributes": {}}))
    )
    assert reply["error"] == "localsocket.service.Failed"


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_call_breaks_the_protocol(name: str) -> None:
    with pytest.raises(PeerBrokeProtocol):
        new_door(100_000).feed(BROKEN[name])


@pytest.mark.parametrize("integer", [str(2**64), str(-(2**63) - 1), "1" * 30, "-1" + "0" * 5000])
def test_integers_beyond_64_bits_are_refused_by_the_name_of_their_parameter(integer: str) -> None:
    data = b'{"method":"a.b.Add","parameters":{"b":1,"a":[{"x":%s}]}}\0' % integer.encode()
    (answer,) = asked(new_door(10_000), data)
    assert isinstance(answer.refusal, BadArguments)
    assert answer.refusal.path == "a"
    for fine in (2**64 - 1, -(2**63), 10**18):
        (answer,) = asked(new_door(), said(ADD, parameters={"a": fine}))
        assert answer.refusal is None


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (said(ADD, parameters=[1]), "parameters"),
        (said(ADD, parameters="x"), "parameters"),
        (said(ADD, upgrade=True), "upgrade"),
        (said(COUNT), "more"),
    ],
)
def test_a_call_that_cannot_be_served_is_refused_alone(message: bytes, path: str) -> None:
    answer, following = asked(new_door(), message, said(NOTHING))
    assert isinstance(answer.refusal, BadArguments)
    assert answer.refusal.path == path
    assert following.refusal is None


def test_null_stands_for_no_parameters_and_members_of_a_later_version_are_ignored() -> None:
    (answer,) = asked(new_door(), b'{"method":"a.b.Nothing","parameters":null,"more":null,"colour":{"x":1}}\0')
    assert (bytes(answer.body.named), answer.refusal) == (b"{}", None)


STANDARD = "org.varlink.service"


@pytest.mark.parametrize(
    ("code", "parts", "error", "parameters"),
    [
        ("no-such-method", {"method": "a.b.Gone"}, f"{STANDARD}.MethodNotFound", {"method": "a.b.Gone"}),
        ("no-such-method", {"method": "a.c.Gone"}, f"{STANDARD}.InterfaceNotFound", {"interface": "a.c"}),
        ("no-such-method", {"method": "gone"}, f"{STANDARD}.InterfaceNotFound", {"interface": ""}),
        ("bad-arguments", {"path": "to_[2].x"}, f"{STANDARD}.InvalidParameter", {"parameter": "to[2].x"}),
        ("bad-arguments", {"path": "top"}, f"{STANDARD}.InvalidParameter", {"parameter": "top"}),
        ("not-allowed", {"method": "add"}, f"{STANDARD}.PermissionDenied", {}),
        ("cancelled", {"method": "add"}, "localsocket.service.Cancelled", {"message": "so it is"}),
        (
            "failed",
            {"reference": "12", "details": ""},
            "localsocket.service.Failed",
            {"message": "so it is", "reference": "12", "details": ""},
        ),
        (
            "raised",
            {"name": "NotFound", "arguments": ["so it is"], "attributes": {"tried": 2}},
            "a.b.NotFound2",
            {"message": "so it is", "tried": 2},
        ),
        (
            "raised",
            {"name": "Not_Known", "arguments": ("x", 1), "attributes": {"message": "another"}},
            "a.b.NotKnown",
            {"message": "another", "arguments": ["x", 1]},
        ),
        ("raised", {"name": "E", "arguments": [{(1, 2): 3}], "attributes": {}}, "localsocket.service.Failed", None),
    ],
)
def test_each_failure_has_its_error(code: str, parts: dict[str, Any], error: str, parameters: Any) -> None:
    door = new_door()
    (answer,) = asked(door, said(ADD))
    (reply,) = replies_in(door.fail(answer, Failure(code, "so it is", parts)))
    assert reply["error"] == error
    assert parameters is None or reply["parameters"] == parameters


def test_names_of_python_become_those_of_varlink() -> None:
    names = {"take_one": "TakeOne", "takeOne": "TakeOne", "HTTPError": "HTTPError", "a.b-c_d": "ABCD", "_x": "X"}
    assert {name: camel_case(name) for name in names} == names
    assert camel_case("__") == ""


def test_strict_json_says_what_is_wrong() -> None:
    check_json(b'{"a":{"b":[1,2.5,"x",null,true]},"b":{"a":1}}')
    with pytest.raises(AmbiguousJSON, match="'a' appears twice"):
        check_json(b'[{"x":{"a":1,"b":1,"a":1}}]')
    with pytest.raises(IntegerTooLarge, match="64 bits"):
        check_json(b"18446744073709551616")
