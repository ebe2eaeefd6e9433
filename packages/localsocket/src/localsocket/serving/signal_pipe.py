"""Signals as bytes that a loop waits for, beside everything else it waits for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable


class SignalPipe:
    """Within the `with` block these signals do nothing but be read here; those that are ignored stay so.

    But for SIGCHLD: where that is ignored, the system does not tell how children end.
    """

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self._before = {
            number: handler
            for number in numbers
            if (handler := signal.getsignal(number)) is not signal.SIG_IGN or number == signal.SIGCHLD
        }

    def __enter__(self) -> SignalPipe:
        self._reading, self._writing = os.pipe()
        for descriptor in (self._reading, self._writing):
            os.set_blocking(descriptor, False)
        self._woken_before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        for number in self._before:
            signal.signal(number, _is_read)
        return self

    def __exit__(self, *_: object) -> None:
        self.restore()
        os.close(self._writing)
        os.close(self._reading)

    def restore(self) -> None:
        """Have each signal do what it did before; what has come can still be read."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._woken_before)

    def fileno(self) -> int:
        return self._reading

    def read(self) -> list[signal.Signals]:
        """Return those that have come."""
        try:
            data = os.read(self._reading, 4096)
        except BlockingIOError:
            return []
        return [signal.Signals(number) for number in data]


def _is_read(*_: object) -> None:
    """Its number is in the pipe."""
