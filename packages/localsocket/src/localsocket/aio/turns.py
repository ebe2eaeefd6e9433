"""Connections that go on when others had their turn: as many in one turn of the loop as take a few milliseconds."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

# After so many seconds of turns the loop looks who has sent something meanwhile.
_ROUND = 0.005


class Turns:
    """What waits for its turn, in its order; for the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], object]] = deque()
        self._are_due = False

    def add(self, go_on: Callable[[], object]) -> None:
        self._waiting.append(go_on)
        self._give_soon()

    def _give_soon(self) -> None:
        if not self._are_due:
            self._are_due = True
            self._loop.call_soon(self._give)

    def _give(self) -> None:
        self._are_due = False
        end = time.monotonic() + _ROUND
        try:
            for _ in range(len(self._waiting)):
                self._waiting.popleft()()
                if time.monotonic() > end:
                    break
        finally:  # also where one of them raises, which the loop logs
            if self._waiting:
                self._give_soon()
