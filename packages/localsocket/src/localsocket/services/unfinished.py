"""Messages that have not arrived whole: what all connections of a service hold of them has one bound."""

from __future__ import annotations

import threading
from typing import Protocol

from localsocket.endpoint.credentials import PeerCredentials


class Holder(Protocol):
    """A connection that holds the beginning of a message."""

    peer: PeerCredentials

    def drop_unfinished(self, limit: int) -> None:
        """End it because all hold more than this."""


class Unfinished:
    """Counts what connections hold of messages that have not arrived whole. Any thread may call.

    A message that goes on arriving is there soon. So, where all hold too much, who has been silent the longest is to
    go: of the user who holds most, and of those connections whose going makes a difference.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._lock = threading.RLock()  # the end of a connection may come in the midst of anything
        self._users: dict[int, _Held] = {}

    def hold(self, connection: Holder, size: int) -> None:
        """Note that a connection holds so much now, or nothing. Those that are to go for it are dropped, here."""
        with self._lock:
            self._set(connection, size)
            too_much = self._take_out()
        for each in too_much:
            each.drop_unfinished(self.limit)

    def _set(self, connection: Holder, size: int) -> None:
        uid = connection.peer.uid
        if (held := self._users.get(uid)) is None:
            if not size:
                return
            held = self._users[uid] = _Held()
        self.size += held.set(connection, size)
        if not held.of:
            del self._users[uid]

    def _take_out(self) -> list[Holder]:
        """Count no longer what is too much; return who holds it."""
        taken: list[Holder] = []
        while self.size > self.limit:
            held = max(self._users.values(), key=lambda each: each.size)
            connection = held.longest_silent()
            taken.append(connection)
            self._set(connection, 0)
        return taken


class _Held:
    """What the connections of one user hold."""

    def __init__(self) -> None:
        self.of: dict[Holder, int] = {}  # who has been silent the longest comes first
        self.size = 0

    def set(self, connection: Holder, size: int) -> int:
        """Return by how much it is more than before."""
        more = size - self.of.pop(connection, 0)
        if size:
            self.of[connection] = size
        self.size += more
        return more

    def longest_silent(self) -> Holder:
        """Return who of those that hold much, compared to the others, has been silent for the longest time."""
        much = max(self.of.values()) / 2
        return next(connection for connection, size in self.of.items() if size >= much)
