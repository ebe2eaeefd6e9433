"""Notifications whose senders have gone: they are served all the same, but one user may leave only so many behind."""

from __future__ import annotations

import threading
import weakref
from typing import Protocol

from localsocket.interfaces import MIB

_MOST = 1024
_MOST_BYTES = 16 * MIB


class Leaving(Protocol):
    """A session that is over."""

    def notifications_left(self) -> list[int]:
        """Return how many bytes each notification took that is to be served, or being served."""


class LeftBehind:
    """Knows the sessions that are over and still have notifications, by user. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[int, weakref.WeakSet[Leaving]] = {}

    def keep(self, uid: int, session: Leaving) -> int:
        """Return how many notifications of a session that is over now are too many, and are to be dropped."""
        mine = session.notifications_left()
        if not mine:
            return 0
        with self._lock:
            others = [each for each in self._sessions.pop(uid, ()) if each.notifications_left()]
            self._sessions[uid] = weakref.WeakSet([*others, session])
        left = [size for each in others for size in each.notifications_left()]
        count, size = len(left), sum(left)
        kept = 0
        for each in mine:
            if count >= _MOST or size + each > _MOST_BYTES:
                break
            kept, count, size = kept + 1, count + 1, size + each
        return len(mine) - kept
