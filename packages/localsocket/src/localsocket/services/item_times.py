"""Until when the reader of a stream waits: for its beginning, for each item, and for all of it."""

from __future__ import annotations

from localsocket.deadlines import NEVER, Deadline, check_seconds, earliest
from localsocket.errors import DeadlinePassed
from localsocket.wire.caller import OpenCall


class ItemTimes:
    """The times of one stream, for the one who reads it.

    `deadline` is that of the call, for the whole stream or, with `begins_in_time`, until it has begun. `idle_timeout`
    is in seconds, from when an item is asked for until it is there, however often the asking is repeated.
    """

    __slots__ = ("_begin", "_idle", "_idle_timeout", "_name", "_whole", "own")

    def __init__(self, name: str, deadline: Deadline, *, begins_in_time: bool, idle_timeout: float | None) -> None:
        self._name = name
        self._begin = deadline
        self._whole = NEVER if begins_in_time else deadline
        self._idle_timeout = idle_timeout
        self._idle: Deadline | None = None
        self.own: Deadline | None = None
        """That of the reader's asking this time, which the stream outlives."""

    def ask(self, timeout: float | None) -> None:
        """An item is asked for, or again: that asking lasts `timeout` seconds, None for as long as the stream does."""
        self.own = None if timeout is None else Deadline(timeout)
        if self._idle is None and self._idle_timeout is not None:
            self._idle = Deadline(self._idle_timeout)

    def taken(self) -> None:
        """The item is there, or the end."""
        self._idle = None

    def until(self, call: OpenCall) -> Deadline:
        """Return until when the reader waits for what comes next."""
        return earliest(self._whole if call.is_answered else self._begin, self.of_asking())

    def of_asking(self) -> Deadline:
        """Return until when the reader waits, whatever time the call has."""
        deadline = NEVER if self._idle is None else self._idle
        return deadline if self.own is None else earliest(deadline, self.own)

    def has_been_idle(self) -> bool:
        """Whether the reader has waited for one item for too long."""
        return self._idle is not None and self._idle.has_passed()

    def error(self, deadline: Deadline) -> DeadlinePassed:
        """Return the error for a deadline that until() gave."""
        if deadline is self._idle or deadline is self.own:
            return deadline.error(f"waiting for the next item of {self._name!r}")
        return deadline.error(f"{'streaming' if deadline is self._whole else 'calling'} {self._name!r}")


def check_idle_timeout(idle_timeout: float | None) -> float | None:
    """Return it if it is a usable number of seconds, or None; else raise ValueError or TypeError naming it."""
    return None if idle_timeout is None else check_seconds(idle_timeout, "idle_timeout")
