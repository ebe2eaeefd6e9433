"""Time-outs in, one deadline for the whole call: seconds are taken once, at the first public line."""

from __future__ import annotations

import time

from localsocket.errors import DeadlinePassed

# About thirty years. System calls and locks refuse much longer waits, each at a length of its own.
_LONGEST = 1e9

UNWINDING = 0.5
"""Seconds that functions get to return when time is up, and their connections are closed or they are cancelled."""


class Deadline:
    """The moment at which one public call has to be done, on the monotonic clock.

    `timeout` is in seconds from now; None means never, 0 means "try once, do not wait".
    Raises ValueError for negative values and NaN, TypeError for what is not a number; infinity is a number.
    """

    __slots__ = ("_at", "timeout")

    def __init__(self, timeout: float | None) -> None:
        self.timeout = timeout
        self._at = None if timeout is None else time.monotonic() + min(check_seconds(timeout, "timeout"), _LONGEST)

    def remaining(self) -> float | None:
        """Return the seconds left, never negative, or None for ever."""
        if self._at is None:
            return None
        return max(0.0, self._at - time.monotonic())

    def has_passed(self) -> bool:
        return self._at is not None and time.monotonic() >= self._at

    def error(self, doing: str, *, queued: int = 0) -> DeadlinePassed:
        return DeadlinePassed(doing, self.timeout, queued=queued)


NEVER = Deadline(None)
"""For calls that may take any time, so that the usual case makes no object."""


def earliest(one: Deadline, other: Deadline) -> Deadline:
    """Return the one that passes first; `one` where they pass together."""
    if other._at is None:
        return one
    return other if one._at is None or other._at < one._at else one


def check_seconds(value: float, name: str) -> float:
    """Return `value` if it is a usable number of seconds, else raise ValueError or TypeError naming it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds or None, not {type(value).__name__}")
    if not value >= 0:
        raise ValueError(f"{name} must not be negative or NaN, got {value!r}")
    return value


def check_count(value: int, name: str, *, minimum: int = 0) -> int:
    """Return `value` if it is a whole number of at least `minimum`, else raise ValueError or TypeError naming it."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, not {type(value).__name__}")
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")
    return value
