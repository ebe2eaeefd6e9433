"""The large values that came apart from their message, while that is read; and how a message with some is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from localsocket.interfaces import Buffer
from localsocket.values.gathering import ARRAY_APART, BYTES_APART

T = TypeVar("T")
_PLACE = 2  # bytes


class _Here(threading.local):
    pieces: Sequence[Buffer] | None = None


_here = _Here()


def reading_apart(pieces: Sequence[Buffer], read: Callable[[], T]) -> T:
    """Return what `read` makes of a message with which these came."""
    before, _here.pieces = _here.pieces, pieces
    try:
        return read()
    finally:
        _here.pieces = before


def stands_apart(code: int) -> bool:
    """Whether an extension of this code stands for what came apart, in the message that is being read."""
    return _here.pieces is not None and code in (BYTES_APART, ARRAY_APART)


def piece_of(code: int, data: memoryview) -> tuple[Buffer, memoryview]:
    """Return the piece that an extension stands for, and the header of the array that it is.

    Raises ValidationError where there is no such piece.
    """
    pieces, place = _here.pieces or (), int.from_bytes(data[:_PLACE], "big")
    if len(data) < _PLACE or place >= len(pieces) or (code == BYTES_APART and len(data) > _PLACE):
        raise msgspec.ValidationError(f"a value is said to be apart from the message, and is not among {len(pieces)}")
    return pieces[place], data[_PLACE:]
