"""Whose turn it is while new workers take over from old ones, place by place."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from localsocket.serving.workers import WorkerProcess


class Renewal:
    """One worker at a time is new; the first of them is the test of the new code.

    `renewed` counts those that have come since it began.
    """

    def __init__(self, places: Iterable[int]) -> None:
        self._places = list(places)
        self._to_come = deque[int]()
        self._is_under_way = False
        self._is_wanted_again = False
        self.newcomer: WorkerProcess | None = None
        self.renewed = 0

    def begin(self) -> bool:
        """Return True where it begins now; while one is under way, another one follows."""
        if self._is_under_way:
            self._is_wanted_again = True
            return False
        self._is_under_way = True
        self.renewed = 0
        self._to_come.extend(self._places)
        return True

    def next_place(self) -> int | None:
        """Return where the next new worker is to be started; None where all are there."""
        return self._to_come.popleft() if self._to_come else None

    def has_come(self, worker: WorkerProcess) -> bool:
        """Return whether this was the new one, which serves now."""
        if worker is not self.newcomer:
            return False
        self.newcomer = None
        self.renewed += 1
        return True

    def has_failed(self, worker: WorkerProcess) -> bool:
        """Return whether this was the new one, which ended before it served: no further ones are to come."""
        if worker is not self.newcomer:
            return False
        self.newcomer = None
        self._to_come.clear()
        return True

    def end(self) -> bool:
        """Return whether another one was asked for meanwhile."""
        is_wanted_again, self._is_wanted_again = self._is_wanted_again, False
        self._is_under_way = False
        return is_wanted_again
