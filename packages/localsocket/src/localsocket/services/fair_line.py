"""Who waits for a thread: users come in turn, and of each user the connection that has waited longest."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from localsocket.services.thread_shares import ThreadShares

Connection = TypeVar("Connection", bound=Hashable)


class FairLine(Generic[Connection]):
    """Connections that wait, each once. Not thread-safe: whoever owns it holds a lock, or is the only one."""

    def __init__(self) -> None:
        self._of_users: dict[int, dict[Connection, None]] = {}  # the user whose turn it is comes first

    def __bool__(self) -> bool:
        return bool(self._of_users)

    def add(self, connection: Connection, uid: int) -> None:
        """Put a connection behind the others of its user; one that waits already stays where it is."""
        self._of_users.setdefault(uid, {}).setdefault(connection)

    def discard(self, connection: Connection, uid: int) -> None:
        if (line := self._of_users.get(uid)) is not None:
            line.pop(connection, None)
            if not line:
                del self._of_users[uid]

    def take_next(self, shares: ThreadShares) -> Connection | None:
        """Take out who comes next of those that may have a thread now; None where nobody may."""
        for uid in list(self._of_users):
            if (connection := self._next_of(uid, shares)) is not None:
                self.discard(connection, uid)
                if (line := self._of_users.pop(uid, None)) is not None:
                    self._of_users[uid] = line  # behind the other users
                return connection
        return None

    def clear(self) -> None:
        self._of_users.clear()

    def _next_of(self, uid: int, shares: ThreadShares) -> Connection | None:
        if not shares.may_user_take(uid):
            return None
        return next((each for each in self._of_users[uid] if shares.may_take(each, uid)), None)
