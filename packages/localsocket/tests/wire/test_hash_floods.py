"""Keys that were chosen to have one hash are refused before a dict is made of them; all else is decoded as ever."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from localsocket.errors import PeerBrokeProtocol
from localsocket.wire import hash_floods
from localsocket.wire.call_bodies import Failure, decode_failure
from localsocket.wire.hash_floods import KeysAlike, check_keys, guarded
from localsocket.wire.serializers import Serializer
from wire.building import pack

MANY = 1024


def alike(count: int = MANY) -> list[bytes]:
    """Return tuples that are different and have one hash."""
    tuples = itertools.islice(itertools.product((-1, -2), repeat=count.bit_length()), count)
    return [pack(each) for each in tuples]


def large_map(keys: list[bytes], value: bytes = b"\xc0") -> bytes:
    return b"\xdf" + struct.pack(">I", len(keys)) + b"".join(key + value for key in keys)


def large_array(items: list[bytes]) -> bytes:
    return b"\xdd" + struct.pack(">I", len(items)) + b"".join(items)


@dataclass(frozen=True)
class Place:
    x: int
    y: int
    z: int


class Pair(NamedTuple):
    a: int
    b: int


class Frozen(msgspec.Struct, frozen=True, array_like=True):
    a: int
    b: int


class Holder(msgspec.Struct):
    name: str
    more: Any = None


def decoder(kind: Any) -> Callable[[bytes], Any]:
    return guarded(msgspec.msgpack.Decoder(kind).decode, kind)


# --- which types are looked through -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        Any,
        object,
        list[Any],
        dict[str, Any],
        Holder,
        list[Holder] | None,
        Failure,
        dict[tuple[int, ...], int],
        dict[Place, int],
        dict[Pair, int],
        dict[Frozen, int],
        dict[frozenset[int], int],
        dict[str | tuple[int, int], int],
        set[tuple[int, ...]],
        frozenset[Place],
        list[set[Pair]],
    ],
)
def test_a_type_that_leaves_the_choice_of_keys_is_looked_through(kind: Any) -> None:
    decode = msgspec.msgpack.Decoder(kind).decode
    assert guarded(decode, kind) is not decode


@pytest.mark.parametrize(
    "kind",
    [
        int,
        str,
        bytes,
        list[int],
        dict[str, int],
        dict[int, list[str]],
        set[int],
        Place,
        tuple[int, str],
        dict[bytes, Pair],
    ],
)
def test_a_type_that_does_not_is_decoded_as_it_is(kind: Any) -> None:
    decode = msgspec.msgpack.Decoder(kind).decode
    assert guarded(decode, kind) is decode


@pytest.mark.parametrize("kind", [Any, dict[str, Any], Holder])
def test_keys_of_json_are_strings(kind: Any) -> None:
    decode = msgspec.json.Decoder(kind).decode
    assert guarded(decode, kind, is_json=True) is decode


# --- floods -----------------------------------------------------------------------------------------------------------

FLOOD = large_map(alike())

FLOODS = {
    "alone": FLOOD,
    "cut off": FLOOD[: len(FLOOD) // 2],
    "with a wrong count": b"\xdf\x00\xff\xff\xff" + FLOOD[5:],
    "with something wrong behind it": FLOOD + b"\xc1",
    "in an array": b"\x92\x01" + FLOOD,
    "in a dict": b"\x81\xa1a" + FLOOD,
    "behind bytes": b"\x92" + pack(bytes(range(256))) + FLOOD,
    "behind a long string": b"\x92" + pack("x" * 100_000) + FLOOD,
    "behind numbers": b"\x92" + pack([0.1] * 1000) + FLOOD,
    "among strings": large_map([pack(str(number)) for number in range(100)] + alike()),
    "among numbers": large_map([pack(number) for number in range(100)] + alike()),
    "as a value of a large dict": large_map([pack(str(number)) for number in range(100)], large_map(alike(100))),
    "in a key's array": large_map([b"\x91" + each for each in alike()]),
    "in a map of 16 bits": b"\xde" + struct.pack(">H", MANY) + FLOOD[5:],
    "behind an extension": b"\x93\xc7\x05\x07hello\xd4\x01\x02" + FLOOD,
    "with values of all kinds": large_map(alike(), pack([1, "a", b"b", None, 1.5, {"x": [1]}])),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_is_refused_before_it_is_decoded(flood: bytes) -> None:
    decoded: list[bytes] = []
    for kind in (Any, dict[tuple[int, ...], Any]):
        with pytest.raises(KeysAlike, match="keys have the same hash, as if made to cost time"):
            guarded(decoded.append, kind)(flood)
    assert not decoded


def test_a_flood_is_known_long_before_it_is_over() -> None:
    with pytest.raises(KeysAlike, match="256 keys have the same hash"):
        check_keys(large_map(alike(8192)))


@pytest.mark.parametrize("kind", [set[tuple[int, ...]], frozenset[tuple[int, ...]], dict[str, set[tuple[int, ...]]]])
def test_items_of_sets_are_looked_at_too(kind: Any) -> None:
    body = large_array(alike())
    body = body if kind is not dict[str, set[tuple[int, ...]]] else b"\x81\xa1a" + body
    with pytest.raises(KeysAlike):
        decoder(kind)(body)
    as_json = msgspec.json.encode(msgspec.msgpack.decode(body))
    with pytest.raises(KeysAlike):
        guarded(msgspec.json.Decoder(kind).decode, kind, is_json=True)(as_json)


def test_items_of_lists_may_be_what_they_like() -> None:
    assert len(decoder(list[Any])(large_array(alike()))) == MANY
    assert len(decoder(Any)(large_array(alike()))) == MANY


def test_keys_that_are_objects_count_as_their_parts() -> None:
    for kind in (Place, Frozen, Pair):
        keys = [pack(kind(*each[: len(kind.__annotations__)])) for each in itertools.product(range(-2, 9), repeat=3)]
        assert decoder(dict[kind, int])(large_map(sorted(set(keys)), b"\x01"))  # type: ignore[valid-type]


def test_dicts_one_in_another_are_not_looked_through_again_and_again() -> None:
    nested = pack(1)
    for _ in range(200):
        nested = large_map([pack(str(number)) for number in range(64)])[:-1] + nested
    with pytest.raises(KeysAlike, match="nested too deeply"):
        check_keys(nested)


@pytest.mark.long
def test_mixed_keys_in_great_number_are_refused() -> None:
    keys = [pack(each) for number in range(40_000) for each in (str(number), number, number.to_bytes(4, "big"))]
    with pytest.raises(KeysAlike, match="values in dicts with mixed keys"):
        check_keys(large_map(keys))
    assert len(decoder(Any)(large_map(keys[:30_000]))) == 30_000


def test_how_far_a_dict_reaches_is_known_from_what_msgspec_says() -> None:
    """If this fails msgspec says it in other words, and dicts that are nested count too much."""
    one = large_map([pack(str(number)) for number in range(100)])
    assert hash_floods._extent_with_plain_keys(memoryview(one + b"\x01\x02")) == len(one)
    assert hash_floods._extent_with_plain_keys(memoryview(one)) == len(one)
    assert hash_floods._extent_with_plain_keys(memoryview(one[:-1])) == len(one) - 1
    assert hash_floods._extent_with_plain_keys(memoryview(large_map(alike()))) is None


# --- everything else --------------------------------------------------------------------------------------------------

ORDINARY = {
    "a large dict": {f"key{number}": number for number in range(1000)},
    "numbers as keys": {number * 7: [number, str(number)] for number in range(1000)},
    "fractions as keys": {number / 7: number for number in range(1000)},
    "bytes as keys": {b"%d" % number: number for number in range(1000)},
    "tuples as keys": {(number, number * 3, f"{number}"): number for number in range(1000)},
    "mixed keys": {**{str(number): 1 for number in range(100)}, **dict.fromkeys(range(100), b"2"), (1, 2): 3},
    "rows": [{f"column{number}": number / 3 for number in range(100)} | {"raw": b"\xde\xdf"} for _ in range(20)],
    "bytes that look like anything": bytes(range(256)) * 100,
    "bytes in an array": [bytes(range(256)) * 100, "x", None],
    "text that looks like anything": "\u07de\u07df" * 1000,
    "fractions": [number / 7 for number in range(10_000)],
    "deeply nested": [[[[[[[[[[{str(number): b"x" for number in range(100)}]]]]]]]]]],
    "large dicts in large dicts": {str(a): {str(b): b"x" for b in range(70)} for a in range(70)},
    "few tuples": {(-1, -2): 1, (-2, -1): 2, (-1, -1): 3, (-2, -2): 4},
}


@pytest.mark.parametrize("value", ORDINARY.values(), ids=ORDINARY.keys())
def test_what_is_ordinary_is_decoded_as_ever(value: Any) -> None:
    body = pack(value)
    assert decoder(Any)(body) == msgspec.msgpack.decode(body) == value or isinstance(value, list)
    assert decoder(Any)(memoryview(body)) == msgspec.msgpack.decode(body)
    assert decoder(object)(msgspec.Raw(body)) == msgspec.msgpack.decode(body)
    assert decoder(Holder)(pack({"name": "x", "more": value})).more == msgspec.msgpack.decode(body)


keys = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary()
)
composite = st.recursive(keys, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4)
values = st.recursive(
    keys | st.text(min_size=30, max_size=300) | st.binary(min_size=30, max_size=300),
    lambda inner: st.lists(inner, max_size=80) | st.dictionaries(composite, inner, max_size=80),
    max_leaves=200,
)


@pytest.mark.long
@settings(max_examples=50, deadline=None)
@given(values)
def test_whatever_is_not_a_flood_passes(value: Any) -> None:
    body = pack(value)
    body = b"\xdc\x00\x01" + body + bytes(0) if len(body) <= 256 else body
    expected = msgspec.msgpack.decode(body)
    assert decoder(Any)(body) == expected
    check_keys(body, has_sets=True)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=2000), st.booleans())
@example(b"\xa4\x00\x00\x00\x80", False)  # a key that is not UTF-8
def test_no_bytes_do_any_harm(body: bytes, has_sets: bool) -> None:
    check_keys(body, has_sets=has_sets)
    check_keys(b"\xdf\x00\x00\xff\xff" + body, has_sets=has_sets)


@pytest.mark.long
@settings(max_examples=50, deadline=None)
@given(values, st.data())
def test_what_is_cut_off_is_refused_by_the_decoder(value: Any, data: st.DataObject) -> None:
    body = large_array([pack(value)] * 3)
    cut = body[: data.draw(st.integers(1, len(body) - 1))]
    with pytest.raises(msgspec.DecodeError):
        decoder(Any)(cut)


# --- where messages are read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Any, dict[tuple[int, ...], Any]])
def test_a_message_with_a_flood_breaks_the_protocol(kind: Any) -> None:
    with pytest.raises(PeerBrokeProtocol, match="cannot be read as msgpack: 256 keys have the same hash"):
        Serializer("msgpack", kind).decode(FLOOD)


def test_a_message_of_json_with_a_flood_breaks_the_protocol() -> None:
    body = msgspec.json.encode(msgspec.msgpack.decode(large_array(alike())))
    with pytest.raises(PeerBrokeProtocol, match="cannot be read as json: 256 keys have the same hash"):
        Serializer("json", set[tuple[int, ...]]).decode(body)
    assert len(Serializer("json").decode(body)) == MANY


def test_a_failure_with_a_flood_breaks_the_protocol() -> None:
    with pytest.raises(PeerBrokeProtocol, match="failure cannot be read: 256 keys have the same hash"):
        decode_failure(b"\x93" + pack("raised") + pack("x") + b"\x81" + pack("arguments") + FLOOD)
