"""Reading a table of the kernel's that changes while it is read."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")

# Tables that change all the time end somewhere. Beside two processes that take and release locks without pause, one
# reading of 300 locks in fifty missed one of them; it would take eight in a row.
_READINGS = 8


def read_whole(read: Callable[[], dict[_Key, _Value]]) -> dict[_Key, _Value]:
    """Return all that `read` finds, reading again until nothing new is found.

    The kernel hands out a table in parts and keeps only its position between them, as a number of entries. When
    entries before it go away meanwhile, as many after it are passed over, and nobody is told. What was in the table
    in an earlier reading is returned too: it was there when the caller asked.
    """
    found = read()
    for _ in range(_READINGS - 1):
        known = len(found)
        found |= read()
        if len(found) == known:
            break
    return found
