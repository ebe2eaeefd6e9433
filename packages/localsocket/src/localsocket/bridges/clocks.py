"""Clocks of two machines, which need not agree: how long ago, at the most, the other one has sent something."""

from __future__ import annotations

import math
import time

_DRIFT = 1e-3
"""Seconds by which two clocks may part in each second: twice what a system clock is slewed by at the most."""

# That of Linux that goes on while a machine sleeps: what was held back meanwhile is as old as it is.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> float:
    """Return what this machine's clock shows, in seconds."""
    return time.clock_gettime(_CLOCK)


class OtherClock:
    """What is known of the other one's clock, by the answers to questions after it."""

    __slots__ = ("_asked", "_showed", "answers", "took")

    def __init__(self) -> None:
        self._asked, self._showed = 0.0, 0.0
        self.took = math.inf
        """The seconds that the answer took by which it is known."""
        self.answers = 0

    def note(self, asked: float, answered: float, showed: float) -> None:
        """It showed `showed` at some time between the two of ours. The closest of such answers counts."""
        self.answers += 1
        took = answered - asked
        if took <= self.took + (asked - self._asked) * _DRIFT:
            self._asked, self._showed, self.took = asked, showed, took

    def most_age(self, sent: float, at: float) -> float:
        """Return the most seconds that can have passed until `at` since the other clock showed `sent`.

        It showed what it said at some time after it was asked: taken to be at once, no age is too small.
        """
        passed = at - self._asked
        return max(0.0, passed - (sent - self._showed) + passed * _DRIFT)
