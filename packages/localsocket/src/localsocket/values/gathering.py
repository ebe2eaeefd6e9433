"""Large arrays in messages: what stands around them is written, and their bytes are taken from where they lie.

msgspec would be given a copy of them, write a second one into the message, and that would be copied into its frame. So
the message is written with arrays of nothing in their place, its outline; and the frame is joined of the pieces of that
and of the arrays, in one go, which is the only copy.

Descriptors are met in the same way: their places are written, and they travel beside the message.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from localsocket.values.descriptors import DescriptorBatch, Fd

LARGE = 64 * 1024
"""Bytes from which on an array is worth the trouble. What is shorter has another form in MessagePack, too."""

_LONGEST = 2**32 - 1  # bytes that an extension may have
_EXTENSION = 0xC9
_SECRET = 7  # bytes that tell a stand-in from whatever else is in a message

_encode = msgspec.msgpack.Encoder().encode

DESCRIPTOR = 2
"""The code of a descriptor among the extensions of MessagePack, which is its place among those that travel along."""

_MOST_DESCRIPTORS = 255  # as a header can count


class NotWritten(TypeError):
    """Raised for a value that msgspec is not to write."""


class DescriptorMet(NotWritten):
    """Raised for a descriptor, which travels beside the message. Who cannot have that is told what it is."""

    def __init__(self, fd: Fd) -> None:
        super().__init__("a descriptor goes with the arguments or the result of a call, where its type says so")
        self.fd = fd


class LargeValue(NotWritten):
    """Raised for a value that is to be an extension of `code`, and is not to be written by msgspec.

    It is `header` and then `data`, where that lies. `stand_in` makes an extension of the same kind, with nothing in it,
    of a number. Who writes a type that has no such values in it does not expect it, and is told what it is.
    """

    def __init__(self, code: int, header: bytes, data: memoryview, stand_in: Callable[[int], bytes]) -> None:
        super().__init__("there is an array, of which its type says nothing")
        self.code = code
        self.header = header
        self.data = data
        self.stand_in = stand_in

    @property
    def beginning(self) -> bytes:
        """What stands in the message before `data`. Raises ValueError for more than MessagePack can hold."""
        size = len(self.header) + len(self.data)
        if size > _LONGEST:
            raise ValueError(f"a value of {size} bytes, and MessagePack holds {_LONGEST}")
        return bytes([_EXTENSION, *size.to_bytes(4, "big"), self.code]) + self.header


class Gathered:
    """A message in pieces, some of which are the memory of its values: to be joined before these may change.

    `outline` is the same message with nothing in the large values, for who looks at the types in it alone. `met` are
    the descriptors in it, and `batch` those that travel along, once somebody has made them of these.
    """

    __slots__ = ("_size", "batch", "met", "outline", "pieces")

    def __init__(self, outline: bytes, pieces: list[bytes | memoryview], met: Sequence[Fd] = ()) -> None:
        self.outline = outline
        self.met = met
        self.batch: DescriptorBatch | None = None
        self.pieces = pieces
        self._size = sum(map(len, pieces))

    def __len__(self) -> int:
        return self._size

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


class Gathering:
    """The large values and the descriptors that are met while one message is written, which may be twice."""

    def __init__(self) -> None:
        self._met: list[tuple[bytes, LargeValue]] = []
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
        self._met.append((_encode(extension), large))
        return extension

    def gathered(self, outline: bytes) -> Gathered:
        pieces: list[bytes | memoryview] = []
        start = 0
        for written, large in self._met:
            # What was met twice, as the message was written twice, is there once.
            if (place := outline.find(written, start)) >= 0:
                pieces += [outline[start:place], large.beginning, large.data]
                start = place + len(written)
        pieces.append(outline[start:])
        return Gathered(outline, pieces, self._descriptors)
