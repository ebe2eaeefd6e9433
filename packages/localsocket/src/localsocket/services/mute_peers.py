"""Peers that have connected and not greeted: they are disconnected when their time is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localsocket.services.session import Session


class MutePeers:
    """Watches the sessions of one loop, in its thread, with one timer at a time: all have equally long.

    A session that ends is to be discarded, and nothing of it is kept.
    """

    def __init__(self, seconds: float, call_later: Callable[[float, Callable[[], object]], object]) -> None:
        self._seconds = seconds
        self._call_later = call_later
        self._sessions: dict[Session, float] = {}  # the oldest first
        self._is_looking = False

    def add(self, session: Session) -> None:
        """From now on its time runs, anew if it did."""
        self._sessions.pop(session, None)
        self._sessions[session] = time.monotonic() + self._seconds
        self._look_again()

    def discard(self, session: Session) -> None:
        self._sessions.pop(session, None)

    def _look_again(self) -> None:
        if not self._is_looking and self._sessions:
            self._is_looking = True
            first = next(iter(self._sessions.values()))
            self._call_later(max(0.0, first - time.monotonic()), self._look)

    def _look(self) -> None:
        self._is_looking = False
        now = time.monotonic()
        for session, deadline in list(self._sessions.items()):
            if session.is_greeted or session.is_over:
                self.discard(session)
            elif deadline <= now:
                self.discard(session)
                session.drop_mute()
            else:
                break
        self._look_again()
