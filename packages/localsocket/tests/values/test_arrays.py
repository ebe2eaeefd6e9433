"""numpy's arrays and scalars: what comes back, and what a hostile peer may say of an array."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy
import pytest
from numpy.typing import NDArray

from localsocket.errors import PeerBrokeProtocol, UnsuitableMessage
from localsocket.values.arrays import ARRAY
from localsocket.values.known_types import KnownTypes
from localsocket.wire.serializers import Serializer

KNOWN = KnownTypes()

ARRAYS = [
    numpy.arange(6, dtype="<i4").reshape(2, 3),
    numpy.arange(6, dtype=">f8")[::2],
    numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)),
    numpy.array(5.5),
    numpy.zeros((0, 3)),
    numpy.array([True, False]),
    numpy.array([1 + 2j], dtype="complex64"),
    numpy.array(["", "ünï"]),
    numpy.array([b"ab", b"c"]),
    numpy.array(["2026-01-02T03:04"], dtype="datetime64[m]"),
    numpy.array([5], dtype="timedelta64[ns]"),
]


@pytest.mark.parametrize("serializer", ["msgpack", "json"])
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: str(array.dtype))
def test_an_array_comes_back_as_it_was_writable_and_with_memory_of_its_own(array: Any, serializer: Any) -> None:
    form = Serializer(serializer, numpy.ndarray)
    body = bytearray(form.encode(array))
    back = form.decode(body)
    body[:] = bytes(len(body))
    numpy.testing.assert_array_equal(back, array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.flags.writeable
    assert back.flags.c_contiguous


@pytest.mark.parametrize(
    "array",
    [
        numpy.array([object()]),
        numpy.zeros(2, dtype=[("a", "i4"), ("b", "O")]),
        numpy.zeros(2, dtype=[("a", "i4"), ("b", "f8")]),
        numpy.zeros(2, dtype="V8"),
        numpy.ma.masked_array([1, 2], mask=[True, False]),
    ],
    ids=["objects", "structure with objects", "structure", "void", "masked"],
)
def test_what_is_more_than_numbers_in_a_row_is_not_sent(array: Any) -> None:
    for serializer in (Serializer("msgpack"), Serializer("json")):
        with pytest.raises(UnsuitableMessage, match="cannot be sent"):
            serializer.encode(array)


def said(dtype: object, shape: object, data: bytes, *, header: bytes | None = None) -> bytes:
    """Return the message of an array of which a peer says whatever it likes."""
    if header is None:
        header = msgspec.msgpack.encode([dtype, shape])
        header = len(header).to_bytes(2, "big") + header
    return msgspec.msgpack.encode(msgspec.msgpack.Ext(ARRAY, header + data))


LIES = {
    "too few bytes": said("<f8", [2, 2], bytes(31)),
    "too many bytes": said("<f8", [2, 2], bytes(33)),
    "more memory than there is": said("<f8", [2**40, 2**20], bytes(8)),
    "a product beyond 64 bits": said("<f8", [2**32, 2**32], b""),
    "nothing of very much": said("<f8", [0, 2**62], bytes(8)),
    "a negative length": said("<f8", [-1, -8], bytes(64)),
    "too many dimensions": said("<f8", [1] * 33, bytes(8)),
    "far too many dimensions": said("<f8", [1] * 1100, bytes(8)),
    "a shape of floats": said("<f8", [1.5], bytes(8)),
    "objects": said("|O", [1], bytes(8)),
    "objects by another name": said("O8", [1], bytes(8)),
    "a structure": said("i4,O", [1], bytes(12)),
    "void": said("|V8", [1], bytes(8)),
    "an array of arrays": said("(2,2)f8", [1], bytes(32)),
    "nonsense": said("<f7", [1], bytes(7)),
    "a time of no unit": said("<M8[parsecs]", [1], bytes(8)),
    "a very wide string": said("<U999999999", [1], b""),
    "strings without a width": said("<U0", [2**62], b""),
    "what is no character": said("<U1", [1], b"\xff\xff\xff\xff"),
    "what is neither true nor false": said("|b1", [1], b"\x02"),
    "no header": said("", [], b"", header=b""),
    "a header that is longer than all": said("", [], b"", header=b"\xff\xff\x92"),
    "a header that is none": said("", [], b"", header=b"\x00\x01\xc1"),
    "a dtype of bytes": said(b"<f8", [1], bytes(8)),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
@pytest.mark.parametrize("kind", [numpy.ndarray, Any, list[object]], ids=["array", "Any", "list"])
def test_an_array_that_lies_is_refused_before_anything_is_made_of_it(lie: bytes, kind: Any) -> None:
    body = b"\x91" + lie if kind == list[object] else lie
    with pytest.raises(PeerBrokeProtocol, match=r"array|shape|dtype"):
        Serializer("msgpack", kind).decode(body)


@pytest.mark.parametrize(
    "value",
    [
        {"dtype": "<f8", "shape": [2], "data": ""},
        {"dtype": "<f8", "shape": [-1, -1], "data": "AAAAAAAAAAA="},
        {"dtype": "|O", "shape": [1], "data": "AAAAAAAAAAA="},
        {"dtype": "<f8", "shape": [1], "data": "not base64!"},
        {"dtype": "<f8", "shape": [1]},
        [1.5],
    ],
)
def test_so_is_one_in_json(value: object) -> None:
    with pytest.raises(PeerBrokeProtocol):
        Serializer("json", numpy.ndarray).decode(msgspec.json.encode(value))


def test_the_numbers_that_a_type_names_are_held_to() -> None:
    body = KNOWN.encode(numpy.arange(3))
    with pytest.raises(PeerBrokeProtocol, match="Expected an array of `float32`, got one of `int64`"):
        Serializer("msgpack", NDArray[numpy.float32]).decode(body)
    assert Serializer("msgpack", NDArray[Any]).decode(body).tolist() == [0, 1, 2]
    assert Serializer("msgpack", NDArray[numpy.integer]).decode(body).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (numpy.int8, 128),
        (numpy.uint8, -1),
        (numpy.int64, 2**63),
        (numpy.float16, 1e6),
        (numpy.float32, 1e300),
        (numpy.complex64, [1e300, 0.0]),
        (numpy.bool_, 2),
        (numpy.int32, 1.5),
    ],
)
def test_a_scalar_that_its_type_cannot_hold_is_refused_and_not_wrapped_around(kind: Any, value: object) -> None:
    with pytest.raises(PeerBrokeProtocol):
        Serializer("msgpack", kind).decode(msgspec.msgpack.encode(value))


def test_a_scalar_fits_where_a_plain_number_does() -> None:
    assert Serializer("msgpack", list[float]).decode(KNOWN.encode([numpy.float64(1.5), numpy.float32(2)])) == [1.5, 2]
    assert Serializer("json", int).decode(KNOWN.encode_json(numpy.int16(-3))) == -3


@pytest.mark.parametrize("scalar", [numpy.timedelta64(1, "s"), numpy.datetime64("2026-01-01"), numpy.longdouble(1)])
def test_a_scalar_that_would_lose_something_is_not_sent(scalar: Any) -> None:
    with pytest.raises(UnsuitableMessage, match="cannot be sent by itself"):
        Serializer("msgpack").encode(scalar)
    with pytest.raises(UnsuitableMessage):
        Serializer("json").encode([scalar])


def test_an_array_says_what_to_install_where_numpy_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    body = KNOWN.encode(numpy.arange(3))
    monkeypatch.setitem(__import__("sys").modules, "localsocket.values.arrays", None)
    with pytest.raises(PeerBrokeProtocol, match=r"pip install 'localsocket\[numpy\]'"):
        Serializer("msgpack").decode(body)


def test_other_extensions_stay_what_they_are() -> None:
    there = msgspec.msgpack.Ext(5, b"abc")
    assert Serializer("msgpack").decode(msgspec.msgpack.encode(there)) == there
