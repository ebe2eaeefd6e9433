"""Keys that were chosen to have one hash, which would make a dict of n of them cost n * n steps.

Python hashes strings with a secret, but not tuples of numbers: hash(-1) is hash(-2), so that n bits make 2**n tuples
with one hash. Where a schema lets a peer choose such keys (Any, or a type with tuples as keys or in sets) a message is
looked through before it is decoded: as many steps as it has parts, and none for nearly all messages, which cannot hold
that many keys.
"""

from __future__ import annotations

import contextlib
import functools
import re
import struct
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec
from msgspec.inspect import (
    AnyType,
    CustomType,
    DataclassType,
    DictType,
    FrozenSetType,
    NamedTupleType,
    SetType,
    StructType,
    TupleType,
    Type,
    UnionType,
    VarTupleType,
)

from localsocket.errors import LocalSocketError
from localsocket.values.type_parts import type_parts

_ALIKE = 32  # so many keys of one dict may have one hash
_FEW = 64  # fewer keys than that cost little, whatever they are
_SHORT = 256  # bytes that hold no more than a few keys of one hash
_SLOW_STEPS = 100_000  # values that are looked at one by one, of one message
_LOOK_AGAIN = 256  # keys; then twice as many, and so on
_NESTED = 16  # so often a byte may be in a large dict that is in a large dict

_COMPOSITE = (AnyType, CustomType, DataclassType, FrozenSetType, NamedTupleType, StructType, TupleType, VarTupleType)


class KeysAlike(LocalSocketError, ValueError):
    """More keys of one dict have one hash than happens by chance, or it would take too long to find out."""


def guarded(decode: Callable[[Any], Any], kind: Any, *, is_json: bool = False) -> Callable[[Any], Any]:
    """Return `decode`, which decodes values of `kind`, so that it refuses floods of keys with KeysAlike.

    It is given back as it is where the type leaves a peer no choice of keys. The keys of JSON are strings.
    """
    has_keys, has_sets = _choices(kind)
    if not has_sets and (is_json or not has_keys):
        return decode

    def decode_checked(body: Any) -> Any:
        if len(body) > _SHORT:
            check_keys(msgspec.msgpack.encode(msgspec.json.decode(body)) if is_json else body, has_sets=has_sets)
        return decode(body)

    def decode_anything(body: Any) -> Any:
        if len(body) > _SHORT and _may_have_large_map(body):
            try:
                return _simple_decoder()(body)  # in which all keys are strings
            except msgspec.ValidationError:
                check_keys(body)
        return decode(body)

    return decode_anything if kind is Any and not is_json else decode_checked


def check_keys(body: bytes | bytearray | memoryview | msgspec.Raw, *, has_sets: bool = False) -> None:
    """Raise KeysAlike for MessagePack with a flood of keys of one hash; if `has_sets`, of such items of an array."""
    if has_sets:
        if memoryview(body)[0] in _CONTAINERS:
            _Walk(bytes(body), has_sets=True).whole()
    elif _may_have_large_map(body):
        _scan(bytes(body))


def _may_have_large_map(body: bytes | bytearray | memoryview | msgspec.Raw) -> bool:
    view = memoryview(body)
    if view[0] not in _CONTAINERS:
        return False
    data = bytes(view)
    return b"\xde" in data or b"\xdf" in data


def _choices(kind: Any) -> tuple[bool, bool]:
    """Return whether a type leaves the peer the choice of a dict's keys, and of a set's items, beyond plain values."""
    has_keys = has_sets = False
    for part in type_parts(kind):
        has_keys |= isinstance(part, (AnyType, CustomType))
        has_keys |= isinstance(part, DictType) and _is_composite(part.key_type)
        has_sets |= isinstance(part, (SetType, FrozenSetType)) and _is_composite(part.item_type)
    return has_keys, has_sets


def _is_composite(part: Type) -> bool:
    kinds: Iterable[Type] = part.types if isinstance(part, UnionType) else (part,)
    return any(isinstance(each, _COMPOSITE) for each in kinds)


# --- MessagePack, in one go -------------------------------------------------------------------------------------------

_CONTAINERS = frozenset([*range(0x80, 0xA0), 0xDC, 0xDD, 0xDE, 0xDF])
_LARGE_MAPS = {0xDE: ">H", 0xDF: ">I"}  # how the number of entries is packed; up to 15 it is in the first byte

# Where a length comes first: how it is packed, and how many bytes there are besides it and what it counts.
_LENGTHS = {
    0xC4: (">B", 1),
    0xC5: (">H", 1),
    0xC6: (">I", 1),
    0xC7: (">B", 2),
    0xC8: (">H", 2),
    0xC9: (">I", 2),
    0xD9: (">B", 1),
    0xDA: (">H", 1),
    0xDB: (">I", 1),
}
_FIXED = {0xCA: 5, 0xCB: 9, 0xCC: 2, 0xCD: 3, 0xCE: 5, 0xCF: 9, 0xD0: 2, 0xD1: 3, 0xD2: 5, 0xD3: 9}
_EXTENSIONS = {0xD4: 3, 0xD5: 4, 0xD6: 6, 0xD7: 10, 0xD8: 18}


@functools.cache
def _parts_that_do_not_matter() -> re.Pattern[bytes]:
    """Return what matches many values at once: plain ones, and the headers of arrays and of dicts with few keys.

    Headers need no care, since what they hold follows them. Short strings are there in each length, because as many
    of them fit into a message as of other values.
    """
    sized = {**_FIXED, **_EXTENSIONS, 0xDC: 3, 0xDD: 5}
    alternatives = [rb"[\x00-\x9f\xc0-\xc3\xe0-\xff]++"]
    alternatives += [rb"\x%02x.{%d}" % (0xA0 + length, length) for length in range(32)]
    alternatives += [rb"\x%02x.{%d}" % (lead, size - 1) for lead, size in sized.items()]
    alternatives += [rb"[\xc4\xd9]\x%02x.{%d}" % (length, length) for length in range(16)]
    alternatives += [rb"\xde\x00[\x00-\x%02x]" % (_FEW - 1)]
    return re.compile(rb"(?:%s)++" % b"|".join(alternatives), re.DOTALL)


def _scan(data: bytes) -> None:
    """Look at every large dict, as far as a decoder would come in what is cut off or is no MessagePack."""
    position, end, nested, steps = 0, len(data), 0, 0
    skip = _parts_that_do_not_matter().match
    while position < end:
        if (plain := skip(data, position)) is not None:
            position = plain.end()
            continue
        lead = data[position]
        form = _LARGE_MAPS.get(lead) or _LENGTHS.get(lead, ("", 0))[0]
        size = struct.calcsize(form)
        if not form or position + 1 + size > end:
            return
        (count,) = struct.unpack_from(form, data, position + 1)
        if lead in _LENGTHS:
            position += _LENGTHS[lead][1] + size + count
            continue
        extent = _extent_with_plain_keys(memoryview(data)[position:])
        if extent is None:
            walk = _Walk(data, position, steps)
            walk.whole()
            steps, extent = walk.steps, min(walk.position, end) - position
        nested += extent
        if nested > _NESTED * end:
            raise KeysAlike("large dicts are nested too deeply in data without a schema")
        position += 1 + size


def _extent_with_plain_keys(data: memoryview) -> int | None:
    """Return the bytes of the dict that begins here, if its keys are all strings, all numbers or all bytes."""
    for decode in _decoders_of_plain_keys():
        try:
            decode(data)
        except msgspec.ValidationError:
            continue  # another kind of key
        except msgspec.DecodeError as error:  # what follows it, or that nothing does: the keys have been looked at
            found = re.search(r"\(byte (\d+)\)$", str(error))
            return int(found[1]) if found else len(data)
        except UnicodeDecodeError:  # of a key, where every decoder ends
            return len(data)
        return len(data)
    return None


@functools.cache
def _decoders_of_plain_keys() -> list[Callable[[memoryview], object]]:
    kinds: list[Any] = [dict[str, msgspec.Raw], dict[bool | int | float | None, msgspec.Raw], dict[bytes, msgspec.Raw]]
    return [msgspec.msgpack.Decoder(kind).decode for kind in kinds]


@functools.cache
def _simple_decoder() -> Callable[[Any], Any]:
    """Return what decodes the values that JSON has too, a few levels deep, as fast as if nothing was known of them."""
    kind: Any = None | bool | int | float | str
    for _ in range(6):
        kind = None | bool | int | float | str | list[kind] | dict[str, kind]
    return msgspec.msgpack.Decoder(kind).decode


# --- MessagePack, value by value --------------------------------------------------------------------------------------

_COUNTS = {0xDC: ">H", 0xDD: ">I", **_LARGE_MAPS}


class _Container:
    """An array or a dict that is being looked through: how many values are left, and the keys that are no scalars."""

    __slots__ = ("begin", "is_map", "keys", "left")

    def __init__(self, begin: int, left: int, *, is_map: bool, has_sets: bool) -> None:
        self.begin = begin
        self.left = left  # keys and values of a dict count alike
        self.is_map = is_map
        entries = left // 2 if is_map else left
        self.keys: list[bytes] | None = [] if entries >= _FEW and (is_map or has_sets) else None

    def check_alike(self) -> None:
        if self.keys is None or len(self.keys) < _FEW:
            return
        hashes = Counter(_hashes(set(self.keys)))
        most = max(hashes.values(), default=0)
        if most > _ALIKE:
            raise KeysAlike(f"{most} keys have the same hash, as if made to cost time")


class _Walk:
    """Looks at the value that begins at `position`, and all in it, one after the other, where keys may be composite."""

    def __init__(self, data: bytes, position: int = 0, steps: int = 0, *, has_sets: bool = False) -> None:
        self.position = position
        self.steps = steps
        self._data = data
        self._has_sets = has_sets
        self._stack: list[_Container] = []

    def whole(self) -> None:
        """For what is cut off or is no MessagePack, go as far as a decoder would come."""
        stack = self._stack
        with contextlib.suppress(IndexError, struct.error):  # the decoder tells what is wrong
            while True:
                self._one()
                while stack and not stack[-1].left:
                    self._close()
                if not stack:
                    return
        for container in stack:
            container.check_alike()

    def _one(self) -> None:
        self.steps += 1
        if self.steps > _SLOW_STEPS and not self._has_sets:
            raise KeysAlike(f"more than {_SLOW_STEPS} values in dicts with mixed keys, in data without a schema")
        data, position = self._data, self.position
        lead = data[position]
        if 0x80 <= lead < 0xA0:
            self._open(lead & 0x0F, 1, is_map=lead < 0x90)
        elif lead in _COUNTS:
            form = _COUNTS[lead]
            (count,) = struct.unpack_from(form, data, position + 1)
            self._open(count, 1 + struct.calcsize(form), is_map=lead in _LARGE_MAPS)
        else:
            self._pass(lead)

    def _open(self, count: int, header: int, *, is_map: bool) -> None:
        left = 2 * count if is_map else count
        self._stack.append(_Container(self.position, left, is_map=is_map, has_sets=self._has_sets))
        self.position += header

    def _pass(self, lead: int) -> None:
        """Go past a scalar, or past several that are alike."""
        data, position, count = self._data, self.position, 1
        if lead in _LENGTHS:
            form, besides = _LENGTHS[lead]
            (length,) = struct.unpack_from(form, data, position + 1)
            position += besides + struct.calcsize(form) + length
        elif 0xA0 <= lead < 0xC0:
            position += 1 + (lead & 0x1F)
        elif lead in _EXTENSIONS:
            position += _EXTENSIONS[lead]
        else:
            size = _FIXED.get(lead, 1)
            left = self._stack[-1].left if self._stack else 1
            run = _runs_of(lead).match(data, position, position + left * size)
            if run is None:
                raise IndexError("it is cut off")
            count = (run.end() - position) // size
            position = run.end()
        self.position = position
        if self._stack:
            self._stack[-1].left -= count

    def _close(self) -> None:
        closed = self._stack.pop()
        closed.check_alike()
        if not self._stack:
            return
        outer = self._stack[-1]
        if outer.keys is not None and (not outer.is_map or outer.left % 2 == 0):
            outer.keys.append(self._data[closed.begin : self.position])
            if (known := len(outer.keys)) >= _LOOK_AGAIN and not known & (known - 1):
                outer.check_alike()  # a flood is known long before it is over
        outer.left -= 1


@functools.cache
def _runs_of(lead: int) -> re.Pattern[bytes]:
    """Return what finds several scalars that begin so, or that are one byte each."""
    if (size := _FIXED.get(lead)) is None:
        return re.compile(rb"[\x00-\x7f\xc0-\xc3\xe0-\xff]+")
    return re.compile(rb"(?:\x%02x.{%d})+" % (lead, size - 1), re.DOTALL)


def _hashes(keys: Collection[bytes]) -> list[int]:
    try:
        values = _decode(b"\xdd" + struct.pack(">I", len(keys)) + b"".join(keys))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError):
        return []  # one of them is no value, and the decoder refuses them all
    return [hash(_frozen(value)) for value in values]


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    if isinstance(value, dict):
        return tuple(map(_frozen, value.values()))
    return value


_decode = msgspec.msgpack.Decoder().decode
