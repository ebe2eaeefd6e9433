"""Calls that go on beyond their deadline: their callers are told at once, whatever the method does."""

from __future__ import annotations

import time
from collections.abc import Callable

from localsocket.services.served_call import ServedCall

# Deadlines that pass within this time are seen together.
_TOGETHER = 0.005


class LateCalls:
    """Watches calls that did not end where they began, for one loop, which is asked for one timer at a time.

    Nothing is kept of a call that has ended. Calls are added in the loop, and end in any thread.
    """

    def __init__(self, call_later: Callable[[float, Callable[[], object]], object]) -> None:
        self._call_later = call_later
        self._watched: dict[ServedCall, None] = {}
        self._next_look: int | None = None

    def add(self, call: ServedCall) -> None:
        """Refuse the call at its deadline, if it has one and is not answered by then."""
        if call.deadline is not None and not call.answer.is_over:
            call._on_finished = self._discard
            self._watched[call] = None
            if call.session.has_begun(call):
                self._look_at(call.deadline)
            else:  # another thread has ended it meanwhile, and had nobody to tell
                self._discard(call)

    def _discard(self, call: ServedCall) -> None:
        self._watched.pop(call, None)

    def _look_at(self, when: int) -> None:
        if self._next_look is None or when < self._next_look:
            self._next_look = when
            self._call_later(max(0.0, (when - time.monotonic_ns()) / 1e9), self._look)

    def _look(self) -> None:
        now = time.monotonic_ns()
        if self._next_look is None or now < self._next_look:
            return  # another look is to come
        self._next_look = None
        earliest: int | None = None
        for call in list(self._watched):
            deadline = call.deadline
            if deadline is None:  # it has begun a stream in time
                self._discard(call)
            elif deadline <= now:
                self._discard(call)
                call.session.refuse_late(call)
                if (on_cancel := call.on_cancel) is not None:
                    on_cancel()
            elif earliest is None or deadline < earliest:
                earliest = deadline
        if earliest is not None:
            self._look_at(max(earliest, now + int(_TOGETHER * 1e9)))
