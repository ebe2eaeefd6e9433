"""Which numbers say who somebody is: the kernel shows one number for everybody whom a user namespace does not know.

That number, the overflow id, is 65534 unless an administrator chose another. Where the namespace maps it, it is also an
ordinary user's: whether it means that user or a stranger needs further evidence (see `certainty_of_uid`).
"""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Callable
from typing import Final

from localsocket.owned_descriptor import OwnedDescriptor

INVALID_ID: Final = 0xFFFFFFFF  # (uid_t)-1, which means "no user" to every system call
_DEFAULT_OVERFLOW_ID = 65534
_LARGEST = 65536  # bytes: a map has at most 340 lines


class Certainty(enum.Enum):
    """How much an id says about who somebody is."""

    KNOWN = "it is one user's"
    SHARED = "it is one user's, and shown for every user whom this namespace does not map"
    UNKNOWN = "it is nobody's: it is shown for every user whom this namespace does not map"


class IdMap:
    """The ids of a user namespace, from what /proc/self/uid_map or gid_map holds: lines of first, outside, count."""

    def __init__(self, text: bytes) -> None:
        lines = [[int(number) for number in line.split()] for line in text.splitlines()]
        self._ranges = sorted((first, first + count) for first, _outside, count in lines)

    def __contains__(self, number: int) -> bool:
        return any(first <= number < end for first, end in self._ranges)

    @property
    def is_complete(self) -> bool:
        """Whether it maps every id there is, as the initial namespace does, so that none is ever unknown."""
        mapped = 0
        for first, end in self._ranges:
            if first > mapped:
                return False
            mapped = max(mapped, end)
        return mapped >= INVALID_ID


def certainty_of_uid(uid: int) -> Certainty:
    return _certainty(uid, "uid")


def certainty_of_gid(gid: int) -> Certainty:
    return _certainty(gid, "gid")


def is_our_file(status: os.stat_result, prove: Callable[[], object]) -> bool:
    """Whether a file belongs to this user. `prove` does something that the kernel lets only the owner do.

    It is called where the owner's number alone says too little: the kernel compares owners by what they are outside
    of every namespace, so it cannot confuse them.
    """
    if status.st_uid != os.geteuid():
        return False
    if status.st_uid != _overflow_id("uid"):
        return True
    if certainty_of_uid(status.st_uid) is Certainty.UNKNOWN:
        return False
    try:
        prove()
    except OSError:
        return False
    return True


def user_in_words(uid: int) -> str:
    """Return `uid 1000`, or that it is nobody's."""
    if certainty_of_uid(uid) is Certainty.KNOWN:
        return f"uid {uid}"
    return f"an unknown user (uid {uid} is shown for every user whom this user namespace does not map)"


def _certainty(number: int, kind: str) -> Certainty:
    if number in (-1, INVALID_ID):
        return Certainty.UNKNOWN
    if number != _overflow_id(kind):
        return Certainty.KNOWN
    # Read each time: the map of a new namespace is empty until somebody writes it, and a process may change namespaces.
    mapped = _id_map(kind)
    if number not in mapped:
        return Certainty.UNKNOWN
    return Certainty.KNOWN if mapped.is_complete else Certainty.SHARED


def _overflow_id(kind: str) -> int:
    """Return the id that stands for all unknown ones, or -1 on systems without user namespaces."""
    if sys.platform != "linux":
        return -1
    known = _overflow_ids.get(kind)
    if known is None:
        text = read_small_file(f"/proc/sys/kernel/overflow{kind}").strip()
        known = _overflow_ids[kind] = int(text) if text.isdigit() else _DEFAULT_OVERFLOW_ID
    return known


_overflow_ids: dict[str, int] = {}


def _id_map(kind: str) -> IdMap:
    # Without /proc nobody can say what is mapped, and then the overflow id is nobody's.
    return IdMap(read_small_file(f"/proc/self/{kind}_map"))


def read_small_file(path: str) -> bytes:
    """Return what is in a file of /proc, or b"" where there is none."""
    # Without open(), which may have to load a codec from where a process that gave up its rights cannot read.
    try:
        with OwnedDescriptor.open(path, os.O_RDONLY | os.O_CLOEXEC) as file:
            return os.read(file.number, _LARGEST)
    except (FileNotFoundError, NotADirectoryError, PermissionError, ProcessLookupError):
        return b""
