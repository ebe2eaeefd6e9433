"""What lets threads make the items of streams one after the other, with a turn of the loop in between."""

from __future__ import annotations

import threading
import time

# Whoever has it for longer waits for something, or takes long for each item: then the next one goes on beside it. So
# does the next one where the loop takes as long to come to give_back(), or never does.
_PATIENCE = 0.005


class Baton:
    """Held by one thread at a time, unless that takes long. take() is for threads, give_back() for the loop.

    A thread that does nothing but run Python has the interpreter for as long as it likes, up to 5 ms, whenever the loop
    lets go of it, which is at each system call. So threads that make items in turn, and always one of them, made each
    turn of the loop take 100 ms.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holder: object | None = None
        self._until = 0.0

    def take(self) -> object:
        """Wait for it; return what give_back() takes."""
        with self._changed:
            while self._holder is not None and (seconds := self._until - time.monotonic()) > 0:
                self._changed.wait(seconds)
            self._until = time.monotonic() + _PATIENCE
            holder = self._holder = object()
            return holder

    def give_back(self, holder: object) -> None:
        with self._changed:
            if self._holder is holder:  # else the next one has not waited for it
                self._holder = None
                self._changed.notify()
