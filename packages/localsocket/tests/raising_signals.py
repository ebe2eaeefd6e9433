"""Signals that break off what the main thread does."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from localsocket.testing import wait_until


@contextmanager
def raising_once(
    number: signal.Signals, error: type[BaseException]
) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Have a signal raise `error` in the main thread, once.

    What this gives is called in another thread.
    """
    has_raised = threading.Event()

    def raise_it(*_: object) -> None:
        if not has_raised.is_set():
            has_raised.set()
            raise error

    def send_when(condition: Callable[[], object]) -> None:
        wait_until(condition, "the main thread to wait")
        while not has_raised.wait(0.001):  # one that comes just before the system call begins does not end that
            os.kill(os.getpid(), number)

    previous = signal.signal(number, raise_it)
    try:
        yield send_when
    finally:
        signal.signal(number, previous)
