"""Notifications whose senders have gone: they are served all the same, but one user may leave only so many behind."""

from __future__ import annotations

import threading
import time
import weakref
from typing import Protocol

from localsocket.interfaces import MIB

_MOST = 1024
_MOST_BYTES = 16 * MIB

# Counting anew what one user has left takes as long as that is much: a tenth of the time may go into it.
_PAUSE = 9


class Leaving(Protocol):
    """A session that is over."""

    def notifications_left(self) -> list[int]:
        """Return how many bytes each notification took that is to be served, or being served."""


class LeftBehind:
    """Knows the sessions that are over and still have notifications, by user. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users: dict[int, _Left] = {}

    def keep(self, uid: int, session: Leaving, sizes: list[int]) -> int:
        """Return how many of these notifications of a session that is over are too many, and are to be dropped.

        `sizes` are in bytes; they may be less than it has left, where it was asked about the rest before.
        """
        with self._lock:
            return self._users.setdefault(uid, _Left()).take(session, sizes)

    def is_empty(self) -> bool:
        """Whether there is no notification left to be served."""
        with self._lock:
            return not any(session.notifications_left() for left in self._users.values() for session in left.sessions)


class _Left:
    """What one user has left: at most so much, since what was served is found out only where that matters."""

    def __init__(self) -> None:
        self.sessions: weakref.WeakSet[Leaving] = weakref.WeakSet()
        self._count = 0
        self._size = 0
        self._next_look = 0.0

    def take(self, session: Leaving, sizes: list[int]) -> int:
        """Add what a session leaves, as far as there is room; return how many notifications are too many."""
        kept = self._room_for(sizes)
        if kept < len(sizes) and (now := time.monotonic()) >= self._next_look:
            self._count_anew()
            if session in self.sessions:  # what is asked about now is not kept yet
                self._count -= len(sizes)
                self._size -= sum(sizes)
            self._next_look = time.monotonic() + _PAUSE * (time.monotonic() - now)
            kept = self._room_for(sizes)
        if kept:
            self.sessions.add(session)
            self._count += kept
            self._size += sum(sizes[:kept])
        return len(sizes) - kept

    def _room_for(self, sizes: list[int]) -> int:
        size = self._size
        first = sizes[: max(0, _MOST - self._count)]
        for kept, each in enumerate(first):
            size += each
            if size > _MOST_BYTES:
                return kept
        return len(first)

    def _count_anew(self) -> None:
        left = {each: sizes for each in self.sessions if (sizes := each.notifications_left())}
        self.sessions = weakref.WeakSet(left)
        self._count = sum(map(len, left.values()))
        self._size = sum(map(sum, left.values()))
