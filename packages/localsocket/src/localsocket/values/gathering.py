"""Large arrays and bytes in messages: what stands around them is written, and they are taken from where they lie.

msgspec would copy them into the message, and that would be copied into its frame. So the message is written with a few
bytes in their place, its outline; and the frame is joined of the pieces of that and of the large values, in one go,
which is the only copy. Where both ends have agreed to it the large values stand apart, and the receiver copies each of
them once, to where it stays: see wire/shared_bodies.py.

Descriptors are met in the same way: their places are written, and they travel beside the message.
"""

from __future__ import annotations

import copy
import dataclasses
import operator
import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias, final

import msgspec

from localsocket.values.descriptors import DescriptorBatch, Fd

LARGE = 64 * 1024
"""Bytes from which on a value is worth the trouble. What is shorter has another form in MessagePack, too."""

BYTES_APART: Final = 3
"""The code of the extension that stands for bytes which are apart: it is their place there, in two bytes."""

ARRAY_APART: Final = 4
"""The same for an array, of which the header follows."""

_LONGEST = 2**32 - 1  # bytes that a value may have
_BYTES = b"\xc6"
_SHORT_EXTENSION, _MEDIUM_EXTENSION, _EXTENSION = 0xC7, 0xC8, 0xC9
_SECRET = 7  # bytes that tell a stand-in from whatever else is in a message
_TOKEN = 17  # bytes that do so where bytes are expected; 16 could be an UUID

_MOST_APART = 255
_SEARCHED = 64 * 1024  # bytes around what is large that are worth being searched for extensions
# What others have made of these codes. It is found too often rather than too rarely, and then nothing stands apart.
_OTHERS = rb"(?s)[\xd4-\xd8][\3\4]|\xc7.[\3\4]|\xc8..[\3\4]|\xc9....[\3\4]"  # compiled for the first large value
_FLAT = frozenset({type(None), bool, int, float, str})
_BYTES_LIKE = frozenset({bytes, bytearray, memoryview})
_LOOKED_THROUGH = 16  # items of one container, as in wire/sizes.py
_DEPTH = 6  # so many containers in one another; two of them are those of a call

_encode = msgspec.msgpack.Encoder().encode

DESCRIPTOR = 2
"""The code of a descriptor among the extensions of MessagePack, which is its place among those that travel along."""

_MOST_DESCRIPTORS = 255  # as a header can count


class NotWritten(TypeError):
    """Raised for a value that msgspec is not to write."""


class DescriptorMet(NotWritten):
    """Raised for a descriptor, which travels beside the message. Who cannot have that is told what it is."""

    def __init__(self, fd: Fd) -> None:
        super().__init__(
            "a descriptor can only be sent in the arguments or the result of a call, where the type says so"
        )
        self.fd = fd


class LargeValue(NotWritten):
    """Raised for a value that is to be an extension of `code`, and is not to be written by msgspec.

    It is `header` and then `data`, where that lies. `stand_in` makes an extension of the same kind, with nothing in it,
    of a number. Who writes a type that has no such values in it does not expect it, and is told what it is.
    """

    def __init__(self, code: int, header: bytes, data: memoryview, stand_in: Callable[[int], bytes]) -> None:
        super().__init__("there is an array that its type does not mention")
        self.code = code
        self.header = header
        self.data = data
        self.stand_in = stand_in


class _Large(NamedTuple):
    """A value that is not written, with what stands before it in the message: the header of an array is part of that.

    Nothing in it knows of the exception by which it was met, and so of all that was under way then: its memory is let
    go with the message.
    """

    data: memoryview
    is_array: bool
    beginning: bytes
    header: bytes = b""

    @classmethod
    def of_array(cls, large: LargeValue) -> _Large:
        size = _checked(len(large.header) + len(large.data)).to_bytes(4, "big")
        return cls(large.data, True, bytes([_EXTENSION, *size, large.code]) + large.header, large.header)

    @classmethod
    def of_bytes(cls, data: memoryview) -> _Large:
        return cls(data, False, _BYTES + _checked(len(data)).to_bytes(4, "big"))

    def copied(self) -> _Large:
        return self._replace(data=memoryview(bytes(self.data)))

    def reference(self, place: int) -> bytes:
        """Return what stands in the message where `data` is apart: as many bytes as `beginning` has."""
        number = place.to_bytes(2, "big")
        if not self.is_array:
            return bytes([_SHORT_EXTENSION, len(number), BYTES_APART]) + number
        size = len(number) + len(self.header)
        return bytes([_MEDIUM_EXTENSION, *size.to_bytes(2, "big"), ARRAY_APART]) + number + self.header


def _checked(size: int) -> int:
    """Return the size of a value. Raises ValueError for more than MessagePack can hold."""
    if size > _LONGEST:
        raise ValueError(f"a value of {size} bytes, but MessagePack holds at most {_LONGEST}")
    return size


class Apart(NamedTuple):
    """A message whose large values stand apart: these, and behind them the message; and of each whether it is an array,
    and how many bytes it has. Together they are as long as the message would be with them in it.
    """

    pieces: list[bytes | memoryview]
    values: list[tuple[bool, int]]


@final
class Gathered:
    """A message in pieces, some of which are the memory of its values: to be joined before these may change.

    `outline` is the same message with something short in the place of large values, for who looks at the types in it
    alone. `met` are the descriptors in it, and `batch` those that travel along, once somebody has made them of these.
    """

    __slots__ = ("_around", "_large", "_size", "batch", "met", "outline", "pieces")

    def __init__(self, outline: bytes, around: list[bytes], large: list[_Large], met: Sequence[Fd] = ()) -> None:
        self.outline = outline
        self.met = met
        self.batch: DescriptorBatch | None = None
        self._around = around
        self._large = large
        self.pieces: list[bytes | memoryview] = []
        for before, value in zip(around, large, strict=False):
            self.pieces += [before, value.beginning, value.data]
        self.pieces.append(around[-1])
        self._size = sum(map(len, self.pieces))

    @classmethod
    def of_bytes(cls, value: bytes) -> Gathered:
        """Return the message that is this large value and nothing else, which need not be found in it by a token."""
        return cls(_encode(b""), [b"", b""], [_Large.of_bytes(memoryview(value))])

    def __len__(self) -> int:
        return self._size

    def kept(self) -> Gathered:
        """Return the same, whose values nobody can change any more: to be sent later, and to several."""
        large = [value if type(value.data.obj) is bytes else value.copied() for value in self._large]
        return Gathered(self.outline, self._around, large, self.met)

    def behind(self, before: bytes) -> Gathered:
        """Return the same behind other bytes, with which it makes one message."""
        first, *others = self._around
        return Gathered(before + self.outline, [before + first, *others], self._large, self.met)

    def apart(self) -> Apart | None:
        """Return it with its large values apart, or None where that cannot be told from what is in it."""
        large = self._large
        if not 0 < len(large) <= _MOST_APART or len(self.outline) > _SEARCHED:
            return None
        # Not in the outline: in the stand-ins there are random bytes, one time in some hundred also such a code.
        if any(re.search(_OTHERS, around) for around in self._around):
            return None
        message = [self._around[0]]
        for place, (value, behind) in enumerate(zip(large, self._around[1:], strict=True)):
            message += [value.reference(place), behind]
        return Apart(
            [*(value.data for value in large), b"".join(message)],
            [(value.is_array, len(value.data)) for value in large],
        )

    def copy_descriptors(self) -> None:
        """Have copies travel along: those that were met stay their owners'."""
        self.batch = DescriptorBatch.copies_of(self.met)

    def take_descriptors(self) -> None:
        """Have those that were met travel along, whose owners have none any more."""
        self.batch = DescriptorBatch.taken_from(self.met)

    def drop_descriptors(self) -> None:
        """Close those that were to travel along."""
        if self.batch is not None:
            self.batch.close()

    def join(self, before: bytes = b"") -> bytes:
        """Return the whole message, behind other bytes."""
        return b"".join([before, *self.pieces])


Written: TypeAlias = bytes | Gathered
"""A value as MessagePack: whole, or in pieces where there are large arrays in it."""


def whole(written: Written) -> bytes:
    """Return it in one piece. Raises TypeError where there are descriptors in it, which would be left behind."""
    if not isinstance(written, Gathered):
        return written
    if written.met:
        raise DescriptorMet(written.met[0])
    return written.join()


def kept(written: Written) -> Written:
    """Return it so that it may be sent later. Raises TypeError where there are descriptors in it."""
    return written.kept() if isinstance(written, Gathered) and not written.met else whole(written)


class Gathering:
    """The large values and the descriptors that are met while one message is written, which may be twice."""

    def __init__(self) -> None:
        self._met: list[tuple[bytes, _Large]] = []
        self._descriptors: list[Fd] = []

    def begin(self) -> None:
        """The message is written from its beginning."""
        self._descriptors = []

    def place_of(self, fd: Fd) -> msgspec.msgpack.Ext:
        """Return what is to be written in the place of a descriptor."""
        if len(self._descriptors) == _MOST_DESCRIPTORS:
            raise ValueError(f"more than {_MOST_DESCRIPTORS} descriptors")
        self._descriptors.append(fd)
        return msgspec.msgpack.Ext(DESCRIPTOR, bytes([len(self._descriptors) - 1]))

    def stand_in(self, large: LargeValue) -> msgspec.msgpack.Ext:
        """Return what is to be written in the place of a value."""
        number = int.from_bytes(os.urandom(_SECRET), "big") | 1 << 8 * _SECRET - 1
        extension = msgspec.msgpack.Ext(large.code, large.stand_in(number))
        self._met.append((_encode(extension), _Large.of_array(large)))
        return extension

    def without_bytes(self, value: Any, depth: int = _DEPTH) -> Any:
        """Return a value with tokens in the place of large bytes, where a few looks find any; else the value itself."""
        kind = type(value)
        if kind in _FLAT:
            return value
        if kind in _BYTES_LIKE:
            return self._token(value)
        if kind is dict:
            if not depth or len(value) > _LOOKED_THROUGH:
                return value
            return self._replaced(value, value.items(), depth, dict)
        if kind is list or kind is tuple:
            if not depth or len(value) > _LOOKED_THROUGH:
                return value
            return self._replaced(value, enumerate(value), depth, lambda items: [part for _, part in items])
        if depth and isinstance(value, msgspec.Struct):
            fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
            return self._replaced(value, fields, depth, partial(_struct_with, value))
        if depth and dataclasses.is_dataclass(value):
            return self._replaced(value, _fields_of(value), depth, dict)
        return value

    def gathered(self, outline: bytes) -> Written:
        if not (self._met or self._descriptors):
            return outline
        # What was met twice, as the message was written twice, is there once.
        found = [(place, len(written), value) for written, value in self._met if (place := outline.find(written)) >= 0]
        around: list[bytes] = []
        large: list[_Large] = []
        start = 0
        for place, size, value in sorted(found, key=operator.itemgetter(0)):
            around.append(outline[start:place])
            large.append(value)
            start = place + size
        around.append(outline[start:])
        return Gathered(outline, around, large, self._descriptors)

    def _token(self, value: bytes | bytearray | memoryview) -> Any:
        view = memoryview(value)
        if view.nbytes < LARGE or not view.c_contiguous:
            return value
        token = os.urandom(_TOKEN)
        self._met.append((_encode(token), _Large.of_bytes(view.cast("B"))))
        return token

    def _replaced(
        self, value: Any, items: Iterable[tuple[Any, Any]], depth: int, made: Callable[[list[tuple[Any, Any]]], Any]
    ) -> Any:
        """Return what is `made` of the items with tokens in them, or the value itself where there are none."""
        parts, is_other = list[tuple[Any, Any]](), False
        for key, part in items:
            replaced = self.without_bytes(part, depth - 1)
            is_other = is_other or replaced is not part
            parts.append((key, replaced))
        return made(parts) if is_other else value


def _struct_with(value: msgspec.Struct, fields: list[tuple[str, Any]]) -> msgspec.Struct:
    made = copy.copy(value)
    for name, part in fields:
        msgspec.structs.force_setattr(made, name, part)
    return made


def _fields_of(value: Any) -> Iterable[tuple[str, Any]]:
    """Give what msgspec writes of a dataclass."""
    for field in dataclasses.fields(value):
        if field.init and (part := getattr(value, field.name, msgspec.UNSET)) is not msgspec.UNSET:
            yield field.name, part
