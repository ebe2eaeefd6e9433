"""Large arrays in messages: what stands around them is written, and their bytes are taken from where they lie.

msgspec would be given a copy of them, write a second one into the message, and that would be copied into its frame. So
the message is written with arrays of nothing in their place, its outline; and the frame is joined of the pieces of that
and of the arrays, in one go, which is the only copy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeAlias

import msgspec

LARGE = 64 * 1024
"""Bytes from which on an array is worth the trouble. What is shorter has another form in MessagePack, too."""

_LONGEST = 2**32 - 1  # bytes that an extension may have
_EXTENSION = 0xC9
_SECRET = 7  # bytes that tell a stand-in from whatever else is in a message

_encode = msgspec.msgpack.Encoder().encode


class LargeValue(TypeError):
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

    `outline` is the same message with nothing in the large values, for who looks at the types in it alone.
    """

    __slots__ = ("_pieces", "_size", "outline")

    def __init__(self, outline: bytes, pieces: list[bytes | memoryview]) -> None:
        self.outline = outline
        self._pieces = pieces
        self._size = sum(map(len, pieces))

    def __len__(self) -> int:
        return self._size

    def join(self, before: bytes = b"") -> bytes:
        """Return the whole message, behind other bytes."""
        return b"".join([before, *self._pieces])


Written: TypeAlias = bytes | Gathered
"""A value as MessagePack: whole, or in pieces where there are large arrays in it."""


def whole(written: Written) -> bytes:
    return written.join() if isinstance(written, Gathered) else written


class Gathering:
    """The large values that are met while one message is written."""

    def __init__(self) -> None:
        self._met: list[tuple[bytes, LargeValue]] = []

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
        return Gathered(outline, pieces)
