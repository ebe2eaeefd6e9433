"""What two sides have to say first so that they talk to each other."""

from __future__ import annotations

import pytest

from localsocket.errors import PeerBrokeProtocol
from localsocket.wire.greeting import Greeting, Role, decode_greeting
from wire.building import frames_in, pack

CLIENT = Greeting(role="client", max_message=10)
WHOLE = Greeting(
    role="service",
    max_message=2**32,
    serializer="msgpack",
    capabilities=["descriptors"],
    stream_window=7,
    max_calls=8,
    service="demo.calc",
    version="1.0",
    idempotent=["add"],
)


def test_a_greeting_is_read_as_it_was_written() -> None:
    [(_, _, body)] = frames_in(WHOLE.encode())
    assert decode_greeting(body, CLIENT) == WHOLE


def test_what_is_missing_has_the_documented_default() -> None:
    greeting = decode_greeting(pack({"role": "service", "max_message": 5}), CLIENT)
    assert greeting == Greeting(
        role="service",
        max_message=5,
        serializer="msgpack",
        capabilities=[],
        stream_window=0,
        max_calls=0,
        service="",
        version="",
        idempotent=[],
    )


def test_what_a_later_version_adds_is_ignored() -> None:
    body = pack({"role": "service", "shared_memory": {"size": 2**40}, "max_message": 5, "capabilities": ["colours"]})
    assert decode_greeting(body, CLIENT).capabilities == ["colours"]


@pytest.mark.parametrize(("mine", "theirs"), [("messages", "messages"), ("client", "service"), ("service", "client")])
def test_two_roles_fit_together(mine: Role, theirs: Role) -> None:
    assert decode_greeting(pack({"role": theirs, "max_message": 1}), Greeting(role=mine, max_message=1)).role == theirs


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("messages", "client"),
        ("messages", "service"),
        ("client", "client"),
        ("client", "messages"),
        ("service", "service"),
        ("service", "messages"),
    ],
)
def test_all_other_roles_do_not(mine: Role, theirs: Role) -> None:
    with pytest.raises(PeerBrokeProtocol, match=f"the peer is here for '{theirs}', this side for '{mine}'"):
        decode_greeting(pack({"role": theirs, "max_message": 1}), Greeting(role=mine, max_message=1))


def test_both_sides_have_to_have_the_same_serializer() -> None:
    mine = Greeting(role="messages", max_message=1, serializer="json")
    with pytest.raises(PeerBrokeProtocol, match="the peer's messages are 'text', and this side's 'json'"):
        decode_greeting(pack({"role": "messages", "max_message": 1, "serializer": "text"}), mine)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", ""),
        (b"\xc1", ""),
        (pack([]), ""),
        (pack({}), "role"),
        (pack({"role": "service"}), "max_message"),
        (pack({"role": "spectator", "max_message": 1}), "role"),
        (pack({"role": "service", "max_message": -1}), "max_message"),
        (pack({"role": "service", "max_message": "1"}), "max_message"),
        (pack({"role": "service", "max_message": 1, "max_calls": 1.5}), "max_calls"),
        (pack({"role": "service", "max_message": 1, "capabilities": [1]}), "capabilities"),
        (pack({"role": "service", "max_message": 1}) + b"\x00", ""),
        (b"\x82\xa4role\xa3\xff\xff\xff\xabmax_message\x01", ""),
        (b"\x81\xaccapabilities\xdd\xff\xff\xff\xff", ""),
        (b"\x81\xa1x" + b"\x91" * 60_000, ""),
    ],
)
def test_a_greeting_that_cannot_be_read_breaks_the_protocol_and_says_why(body: bytes, named: str) -> None:
    with pytest.raises(PeerBrokeProtocol, match=r"the peer's greeting cannot be read: .") as caught:
        decode_greeting(body, CLIENT)
    assert str(caught.value).endswith(f": {caught.value.__cause__}")  # msgspec's words, whatever they are
    assert named in str(caught.value.__cause__)
