"""Values to bytes and back, in each form, and what happens to those that do not fit."""

from __future__ import annotations

import enum
import json
import os
import subprocess
import sys
import tracemalloc
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localsocket.errors import PeerBrokeProtocol, UnsuitableMessage
from localsocket.wire.serializers import SERIALIZERS, Serializer, SerializerName

MIB = 1 << 20

# What JSON and MessagePack both have, so that a value comes back as it was.
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Person:
    name: str
    born: datetime
    paid: Decimal
    colours: set[Colour]


class Team(msgspec.Struct):
    key: UUID
    people: dict[str, Person]


TEAM = Team(UUID(int=7), {"ada": Person("Ada", datetime(1815, 12, 10, tzinfo=UTC), Decimal("1.10"), {Colour.RED})})

structured = pytest.mark.parametrize("name", ["json", "msgpack"])


def test_the_four_forms_are_known_by_name() -> None:
    assert SERIALIZERS == ("raw", "text", "json", "msgpack")
    with pytest.raises(ValueError, match="serializer must be one of raw, text, json, msgpack, got 'pickle'"):
        Serializer("pickle")  # type: ignore[arg-type]


# --- round trips ------------------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.binary(max_size=50))
def test_raw_bytes_come_back_as_they_were(data: bytes) -> None:
    raw = Serializer("raw")
    for given_as in (data, bytearray(data), memoryview(data)):
        assert raw.encode(given_as) == data
    assert raw.decode(memoryview(data)) == data


@settings(max_examples=50)
@given(st.text(max_size=50))
def test_text_comes_back_as_it_was_and_is_utf_8_between(text: str) -> None:
    serializer = Serializer("text")
    assert serializer.encode(text) == text.encode("utf-8")
    assert serializer.decode(memoryview(serializer.encode(text))) == text


@structured
@settings(max_examples=60)
@given(value=values)
def test_values_come_back_as_they_were(name: SerializerName, value: object) -> None:
    serializer = Serializer(name)
    assert serializer.decode(memoryview(serializer.encode(value))) == value


@structured
def test_values_of_a_type_come_back_as_that_type(name: SerializerName) -> None:
    serializer = Serializer(name, Team)
    assert serializer.decode(serializer.encode(TEAM)) == TEAM


def test_json_is_what_any_program_calls_json() -> None:
    assert json.loads(Serializer("json").encode({"a": [1, None, "é"]})) == {"a": [1, None, "é"]}
    assert Serializer("json").decode(b' {"a": [1, null, "\\u00e9"]}\n') == {"a": [1, None, "é"]}


def test_messagepack_keeps_bytes_and_json_has_them_as_base64() -> None:
    assert Serializer("msgpack").decode(Serializer("msgpack").encode(b"\x00\xff")) == b"\x00\xff"
    assert Serializer("json", bytes).decode(Serializer("json").encode(b"\x00\xff")) == b"\x00\xff"


# --- what does not fit ------------------------------------------------------------------------------------------------


class Endless(list[Any]):
    """A list that contains itself."""

    def __init__(self) -> None:
        super().__init__()
        self.append(self)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("raw", "text"),
        ("raw", [1, 2]),
        ("text", b"bytes"),
        ("text", "\ud800"),
        ("json", object()),
        ("json", {"a": [1, len]}),
        ("json", float("nan")),
        ("json", Endless()),
        ("msgpack", object()),
        ("msgpack", 2**64),
        ("msgpack", "\ud800"),
        ("msgpack", Endless()),
    ],
)
def test_what_the_form_cannot_hold_is_a_type_error_that_names_the_form(name: SerializerName, value: object) -> None:
    with pytest.raises(UnsuitableMessage, match=f"this cannot be sent as {name}: .") as refused:
        Serializer(name).encode(value)
    assert isinstance(refused.value, TypeError)


@structured
@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"key": 7, "people": {}}, "$.key"),
        ({"people": {}}, "key"),
        ({"key": TEAM.key, "people": {"ada": {"name": 7}}}, "$.people[...].name"),
        ({"key": TEAM.key, "people": []}, "$.people"),
    ],
)
def test_a_message_of_another_type_tells_the_path_to_the_wrong_part(
    name: SerializerName, value: object, path: str
) -> None:
    with pytest.raises(PeerBrokeProtocol) as refused:
        Serializer(name, Team).decode(Serializer(name).encode(value))
    assert path in str(refused.value)
    assert f"cannot be read as {name}" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("text", b"\xff"),
        ("text", b"\xed\xa0\x80"),
        ("json", b""),
        ("json", b"{"),
        ("json", b'"\xff"'),
        ("json", b"1 2"),
        ("json", b"[" * 100_000),
        ("json", b'{"a":' * 100_000),
        ("msgpack", b""),
        ("msgpack", b"\xc1"),
        ("msgpack", b"\xa1\xff"),
        ("msgpack", b"\x01\x02"),
        ("msgpack", b"\x81\x80\x00"),
        ("msgpack", b"\x91" * 100_000),
        ("msgpack", b"\x81\xa0" * 100_000),
        ("msgpack", b"\xc7\x0c\xff" + b"\xff" * 12),
    ],
)
def test_what_cannot_be_read_breaks_the_protocol(name: SerializerName, data: bytes) -> None:
    with pytest.raises(PeerBrokeProtocol, match=f"the peer's message cannot be read as {name}"):
        Serializer(name).decode(data)


@pytest.mark.parametrize("opcode", [0xC6, 0xC9, 0xDB, 0xDD, 0xDF], ids=["bin", "ext", "str", "array", "map"])
@pytest.mark.parametrize("kind", [Any, list[int], dict[str, int], Team, set[str], tuple[int, ...]])
def test_lengths_that_lie_cost_no_memory(opcode: int, kind: Any) -> None:
    """A gibibyte is promised, and in arrays and maps as many elements."""
    serializer = Serializer("msgpack", kind)
    tracemalloc.start()
    try:
        with pytest.raises(PeerBrokeProtocol):
            serializer.decode(bytes([opcode]) + (1 << 30).to_bytes(4, "big") + b"\x01" * 1000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MIB


@pytest.mark.parametrize("name", SERIALIZERS)
@settings(max_examples=60)
@given(data=st.binary(max_size=40))
def test_any_bytes_are_read_or_break_the_protocol(name: SerializerName, data: bytes) -> None:
    assert is_read(name, data) == is_read(name, memoryview(data))


def is_read(name: SerializerName, data: bytes | memoryview) -> bool:
    try:
        Serializer(name).decode(data)
    except PeerBrokeProtocol:
        return False
    return True


# --- no pickle --------------------------------------------------------------------------------------------------------

PROGRAM = """
import sys
import localsocket

service = localsocket.Service("demo.calc")

@service.method
def add(a: int, b: int) -> int:
    return a + b

@service.method
def fail() -> None:
    raise ValueError(b"a bad value")

def echo(socket):
    with localsocket.MessageSocket(socket) as messages:
        for message in messages:
            messages.send(message)

with localsocket.ServerThread("calc", service), localsocket.Client("calc", timeout=60) as client:
    assert client.call("add", 2, 3) == 5
    try:
        client.call("fail")
    except localsocket.errors.CallFailed:
        pass
with localsocket.ServerThread("echo", echo), localsocket.connect_messages("echo", timeout=60) as messages:
    messages.send({"a": [1]})
    assert messages.receive() == {"a": [1]}
print(sorted({"pickle", "_pickle", "marshal", "shelve", "copyreg"} & set(sys.modules)))
"""


@pytest.mark.long
def test_no_pickle_is_loaded_by_calls_and_messages() -> None:
    before = "import sys; print(sorted({'pickle', '_pickle', 'shelve'} & set(sys.modules)))"
    assert _printed_by(before) == "[]"
    assert "pickle" not in _printed_by(PROGRAM)


def _printed_by(program: str) -> str:
    # Without the measuring of coverage, which brings modules of its own.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
