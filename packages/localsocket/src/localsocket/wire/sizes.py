"""What is certainly too long to be sent is refused before it is encoded, for which there may be no memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import msgspec

from localsocket.errors import TooLongToSend

ALWAYS_TRIED = 1 << 20  # bytes; up to there the exact length is found out by encoding
_LOOKED_THROUGH = 16  # items of one container, and how many of them may be in one another
_DEPTH = 4

_SHORT = frozenset({bool, int, float, type(None)})
FLAT = frozenset({bytes, bytearray, str})
_COLLECTIONS = (list, tuple, set, frozenset)


def check_size(value: object, limit: int) -> int:
    """Raise TooLongToSend for a value that has more than `limit` bytes, as JSON or MessagePack, however it is written.

    Return how many it has at least. It looks at lengths alone, and at few of them: nothing depends on how large a value
    is. `length` of the error is the least that it can have then.
    """
    return check_sizes((value,), limit)[1]


def check_sizes(arguments: Iterable[object], limit: int) -> tuple[bool, int]:
    """Raise TooLongToSend, as check_size() does, for arguments that have more than `limit` bytes together.

    Return whether all of them are flat, plain numbers, strings or bytes, and how many bytes they have at least.
    """
    least = 0
    are_flat = True
    for value in arguments:
        kind = type(value)
        # What most calls give first: each call comes here.
        if kind in FLAT:
            least += len(value)  # type: ignore[arg-type] # it has a length; a character has at least one byte
        elif kind not in _SHORT:
            least += _least(value, _DEPTH)
            are_flat = False
    if least > ALWAYS_TRIED and least > limit:
        raise TooLongToSend(least, limit)
    return are_flat, least


def _least(value: Any, depth: int) -> int:
    kind = type(value)
    if kind in _SHORT:
        return 1
    if kind in FLAT:
        return len(value)  # a character has at least one byte
    if isinstance(value, memoryview):
        return value.nbytes
    if isinstance(value, _COLLECTIONS):
        return _least_of(value, len(value), depth)
    if isinstance(value, dict):
        return len(value) + _least_of(value.values(), len(value), depth)
    return _least_of([getattr(value, field, None) for field in _fields(value)], 0, depth) if depth else 1


def _fields(value: Any) -> Iterable[str]:
    """Return the names of the parts of a Struct or a dataclass that are certainly written."""
    if isinstance(value, msgspec.Struct):
        return () if value.__struct_config__.omit_defaults else value.__struct_fields__
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [field.name for field in dataclasses.fields(value)]
    return ()


def _least_of(items: Iterable[object], count: int, depth: int) -> int:
    if count > _LOOKED_THROUGH or not depth:
        return count
    least = 0
    for item in items:
        kind = type(item)
        if kind in _SHORT:
            least += 1
        elif kind in FLAT:
            least += len(item)  # type: ignore[arg-type] # they have a length
        else:
            least += _least(item, depth - 1)
    return least
