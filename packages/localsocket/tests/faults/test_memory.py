"""What is certainly too long to be sent is refused before it is encoded, for which there may be no memory."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from localsocket import CallLimits, Client, MessageSocket, ServerThread, Service, connect, listen
from localsocket.errors import ResultTooLong, TooLongToSend
from localsocket.interfaces import MIB
from localsocket.testing import PATIENCE
from localsocket.wire.sizes import check_size
from programs import Program

LARGE = bytes(2 * MIB)


@dataclass
class Picture:
    name: str
    data: bytes
    more: ClassVar[bytes] = LARGE


class Record(msgspec.Struct):
    name: str
    data: bytes


class Sparse(msgspec.Struct, omit_defaults=True):
    data: bytes = LARGE


@pytest.mark.parametrize(
    ("value", "length"),
    [
        (LARGE, 2 * MIB),
        (bytearray(LARGE), 2 * MIB),
        (memoryview(LARGE), 2 * MIB),
        ("x" * 2 * MIB, 2 * MIB),
        ([1, LARGE], 2 * MIB + 1),
        ((LARGE, LARGE), 4 * MIB),
        ({"a": {"b": [LARGE]}}, 2 * MIB + 2),
        ([0] * (2 * MIB), 2 * MIB),
        (dict.fromkeys(range(2 * MIB)), 4 * MIB),
        (Picture("x", LARGE), 2 * MIB + 1),
        ([Record("x", LARGE)], 2 * MIB + 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_certainly_too_long_is_known_without_encoding_it(value: object, length: int) -> None:
    with pytest.raises(TooLongToSend) as caught:
        check_size(value, MIB + 1)
    assert (caught.value.length, caught.value.limit) == (length, MIB + 1)
    check_size(value, length)
    assert len(msgspec.msgpack.encode(value)) >= length


@pytest.mark.parametrize(
    "value", [None, 5, 1.5, "x", [LARGE[:MIB]], [[LARGE]] * 17, Picture("x", b""), Sparse(), object()]
)
def test_what_may_fit_is_left_to_the_encoder(value: object) -> None:
    check_size(value, 100)


def test_what_is_in_itself_is_left_to_the_encoder() -> None:
    endless: list[Any] = []
    endless.append(endless)
    check_size(endless, 1)


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory as Linux counts it")
@pytest.mark.parametrize("kind", ["plain", "async"])
def test_a_result_for_which_there_is_no_memory_costs_its_call_alone(runtime_directory: Path, kind: str) -> None:
    path = runtime_directory / "x.sock"
    methods = ["large", "large_parts", *(["soon"] if kind == "async" else [])]
    streams = ["larger_and_larger", *(["soon_and_soon"] if kind == "async" else [])]
    with Program("serve_large.py", kind, path) as program:
        program.read()
        with Client(path, call_timeout=PATIENCE) as client:
            assert client.call("add", 2, 3) == 5
            client.call("limit")
            for method in methods:
                with pytest.raises(ResultTooLong) as caught:
                    client.call(method)
                assert caught.value.length >= 60_000_000
                assert caught.value.limit == CallLimits().message
            for method in streams:
                items = client.stream(method)
                assert next(items) == b"small"
                with pytest.raises(ResultTooLong):
                    next(items)
            assert client.call("add", 2, 3) == 5
        program.end()


def test_arguments_and_messages_are_looked_at_too(runtime_directory: Path) -> None:
    service = Service("demo")
    service.method(lambda *, value=None: None, name="take")
    with ServerThread("demo", service), Client("demo") as client:
        client.call("take", value=1)
        with pytest.raises(TooLongToSend) as caught:
            client.call("take", value={"x": LARGE})
        assert caught.value.length == 2 * MIB + 2  # a name and a key, and nothing that encoding adds
        with pytest.raises(TooLongToSend):
            client.notify("take", [LARGE])
        client.call("take")
    with (
        listen("messages") as server,
        connect("messages") as near,
        server.accept(timeout=PATIENCE) as far,
        MessageSocket(near) as sender,
        MessageSocket(far),
    ):
        with pytest.raises(TooLongToSend) as caught:
            sender.send([LARGE], timeout=PATIENCE)
        assert caught.value.length == 2 * MIB
