"""How long reading one file may take."""

from __future__ import annotations

import time

SECONDS_PER_FILE = 10.0


class TimeLimitPassed(Exception):
    """Something took longer than it may."""


class Clock:
    """A time limit that the reader asks about at each step; works in every thread, unlike a signal."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        if time.monotonic() > self._end:
            raise TimeLimitPassed(f"reading took longer than {self.seconds:g} s")
