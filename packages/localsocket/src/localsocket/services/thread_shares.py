"""Who may take one more of a service's threads: no connection and no user gets them all."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Hashable
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

# Whoever has many threads gets another only while so many times less are free. So one user alone can have four fifths
# of them, one connection two thirds, and the more there are the less each gets: nobody counts them in advance.
_GREED = 4
# One of so many threads is for connections that have none; of fewer than `_FEW` all may be one connection's.
_KEPT = 8
_FEW = 3


class ThreadShares:
    """Counts the threads that calls hold, by connection and by user. Safe from several threads.

    A connection leaves some for others, so that a call of another finds one at once.
    """

    def __init__(self, threads: int) -> None:
        self._free = threads
        self._kept = max(1, threads // _KEPT) if threads >= _FEW else 0
        self.taken = 0
        self._lock = threading.Lock()
        self._of_connections: Counter[Hashable] = Counter()
        self._of_users: Counter[int] = Counter()

    @property
    def has_shares(self) -> bool:
        """Whether there are so many that some are kept for connections that have none."""
        return self._kept > 0

    def take(self, connection: Hashable, uid: int) -> bool:
        """Count one more thread of this connection; False, and nothing is counted, where it may have none."""
        with self._lock:
            if not self._may_take(connection, uid):
                return False
            self._free -= 1
            self.taken += 1
            self._of_connections[connection] += 1
            self._of_users[uid] += 1
            return True

    def may_take(self, connection: Hashable, uid: int) -> bool:
        with self._lock:
            return self._may_take(connection, uid)

    def may_user_take(self, uid: int) -> bool:
        """Whether a connection of this user that has none may have one."""
        with self._lock:
            return self._left(uid) > 0

    def give_back(self, connection: Hashable, uid: int) -> None:
        with self._lock:
            self._free += 1
            self.taken -= 1
            _count_out(self._of_connections, connection)
            _count_out(self._of_users, uid)

    def _may_take(self, connection: Hashable, uid: int) -> bool:
        left = self._left(uid)
        taken = self._of_connections[connection]
        if not taken:
            return left > 0
        return left > self._kept and taken < _GREED * left

    def _left(self, uid: int) -> int:
        """As many as the user may take before it has `_GREED` times what is free then, rounded up."""
        return (_GREED * self._free - self._of_users[uid] + _GREED) // (_GREED + 1)


def _count_out(counter: Counter[Key], key: Key) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
