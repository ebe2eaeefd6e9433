"""Waiting for the signals that end a program."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence

STOP = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """Waits for the first of the signals, or tell(); a second signal does what it did before."""

    def __init__(self, numbers: Sequence[signal.Signals] = STOP) -> None:
        handlers = {number: signal.getsignal(number) for number in numbers}
        # A shell without job control starts what runs in the background with SIGINT ignored, for good reason.
        self._before = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}

    def __enter__(self) -> StopSignals:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        # A signal that comes just before the read would be seen after it only, were its number not in the pipe.
        self._woken_before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        for number in self._before:
            signal.signal(number, self._restore)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()
        signal.set_wakeup_fd(self._woken_before)
        writing, self._writing = self._writing, -1
        os.close(writing)
        os.close(self._reading)

    def wait(self) -> None:
        while os.read(self._reading, 1)[0] not in (*self._before, 0):
            pass  # a signal that the module has a handler for

    def tell(self) -> None:
        with contextlib.suppress(OSError):  # it has ended
            os.write(self._writing, b"\0")

    def _restore(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
