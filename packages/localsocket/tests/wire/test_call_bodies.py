"""What stands in the bodies of calls, failures and credits, and what must not."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localsocket.errors import PeerBrokeProtocol
from localsocket.wire.call_bodies import (
    Failure,
    decode_call,
    decode_count,
    decode_failure,
    encode_call,
    encode_count,
    encode_failure,
)
from localsocket.wire.frames import Body
from wire.building import pack

DEEP = b"\x91" * 100_000
HUGE = b"\xdd\xff\xff\xff\xff"  # an array that says it has four thousand million elements

decoders = pytest.mark.parametrize("decode", [decode_call, decode_failure, decode_count])


def test_a_call_is_method_timeout_and_arguments() -> None:
    assert encode_call("add", 1.5, (2, 3)) == pack(["add", 1.5, [2, 3]])
    assert encode_call("add", None, ()) == pack(["add", None, []])


def test_named_arguments_and_what_a_tracer_sends_come_after_that() -> None:
    assert encode_call("add", None, (2,), {"b": 3}) == pack(["add", None, [2], {"b": 3}, {}])
    assert encode_call("add", None, (), None, {"id": "7"}) == pack(["add", None, [], {}, {"id": "7"}])


def test_a_call_is_read_as_it_was_written_and_its_arguments_stay_bytes() -> None:
    call = decode_call(encode_call("add", 2, (2, 3), {"b": [1]}, {"id": "7"}))
    assert (call.method, call.timeout, call.carrier) == ("add", 2.0, {"id": "7"})
    assert bytes(call.arguments) == pack([2, 3])
    assert bytes(call.named) == pack({"b": [1]})


@pytest.mark.parametrize("more", [[], [{"b": 1}], [{}, {}], [{}, {}, "of a later version", 5]])
def test_what_stands_behind_the_arguments_may_be_missing_or_more(more: list[object]) -> None:
    assert decode_call(pack(["add", None, [1], *more])).method == "add"


def test_a_failure_is_read_as_it_was_written() -> None:
    failure = Failure("raised", "no such person", {"name": "NotFound", "arguments": [7], "attributes": {}})
    assert decode_failure(encode_failure(failure)) == failure
    assert decode_failure(pack(["failed", "the method failed"])).parts == {}
    assert decode_failure(pack(["failed", "", {}, "of a later version"])).code == "failed"


@pytest.mark.parametrize("seconds", [0, 0.0, -0.0, 1, 1e-300, 1e300, 2**64 - 1, math.inf])
def test_a_timeout_is_any_number_that_is_not_negative(seconds: float) -> None:
    assert decode_call(pack(["add", seconds, []])).timeout == float(seconds)


@pytest.mark.parametrize("seconds", [-1, -1e-300, -math.inf, math.nan, -math.nan, -(2**63)])
def test_a_timeout_below_zero_or_that_is_no_number_breaks_the_protocol(seconds: float) -> None:
    with pytest.raises(PeerBrokeProtocol, match="seconds"):
        decode_call(pack(["add", seconds, []]))


@pytest.mark.parametrize(
    "body",
    [
        pack([]),
        pack(["add", None]),
        pack({"method": "add"}),
        pack("add"),
        pack([1, None, []]),
        pack(["add", "1", []]),
        pack(["add", True, []]),
        pack(["add", None, [], {}, {"a": 1}]),
        pack(["add", None, [], {}, {1: "a"}]),
        pack(["add", None, []])[:-1],
        b"\x93\xa1\xff\xc0\x90",  # not UTF-8
        b"\x95\xa1a\xc0\x90\x80\x81\xa1\xff\xa0",
        b"\x93\xa3add\xc0" + HUGE,
        b"\x93\xa3add\xc0" + DEEP,
        b"\x95\xa3add\xc0\x90\x81\xa1a" + DEEP,
    ],
)
def test_what_is_no_call_breaks_the_protocol(body: bytes) -> None:
    with pytest.raises(PeerBrokeProtocol, match="the peer's call cannot be read"):
        decode_call(body)


@pytest.mark.parametrize(
    "body",
    [
        pack([]),
        pack(["failed"]),
        pack([1, ""]),
        pack(["", "", []]),
        b"\x92\xa1\xff\xa0",
        b"\x93\xa0\xa0\x81\xa0" + DEEP,
    ],
)
def test_what_is_no_failure_breaks_the_protocol(body: bytes) -> None:
    with pytest.raises(PeerBrokeProtocol, match="the peer's failure cannot be read"):
        decode_failure(body)


@pytest.mark.parametrize("count", [1, 2**31, 2**32, 2**64 - 1])
def test_a_credit_is_a_positive_number(count: int) -> None:
    assert decode_count(encode_count(count)) == count


@pytest.mark.parametrize("value", [0, -1, -(2**63), 1.5, math.nan, "1", None, [1]])
def test_a_credit_of_nothing_or_less_breaks_the_protocol(value: object) -> None:
    with pytest.raises(PeerBrokeProtocol):
        decode_count(pack(value))


@decoders
@pytest.mark.parametrize("body", [b"", b"\xc1", HUGE, DEEP, b"\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff"])
def test_bytes_that_are_no_messagepack_break_the_protocol(decode: Callable[[bytes], object], body: bytes) -> None:
    with pytest.raises(PeerBrokeProtocol):
        decode(body)


@decoders
def test_what_stands_behind_the_value_breaks_the_protocol(decode: Callable[[bytes], object]) -> None:
    right = {decode_call: pack(["a", None, []]), decode_failure: pack(["a", "b"]), decode_count: pack(7)}[decode]
    decode(right)
    with pytest.raises(PeerBrokeProtocol, match=r"cannot be read: ."):
        decode(right + b"\x00")


@decoders
@settings(max_examples=60)
@given(body=st.binary(max_size=40) | st.binary(max_size=20).map(lambda rest: b"\x93\xa1a\xc0" + rest))
def test_any_bytes_are_read_or_break_the_protocol(decode: Callable[[Body], object], body: bytes) -> None:
    assert is_read(decode, body) == is_read(decode, memoryview(body))


def is_read(decode: Callable[[Body], object], body: Body) -> bool:
    try:
        decode(body)
    except PeerBrokeProtocol:
        return False
    return True
