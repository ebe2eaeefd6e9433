"""What runs beside a test, and how the test knows that it waits."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds to wait for something before the test counts it as hanging."""

FOREVER = 3600.0
"""A time-out for calls that something must wake. A call looks once more when its time-out has passed, and a short
time-out would make that look like waking."""

_LOOK_AGAIN = 0.000_05
_LOOK_AGAIN_AT_LAST = 0.002


class Background(Generic[T]):
    """Runs a function in a thread, from now on; result() returns what it returns or raises what it raises.

    Leaving a `with` block waits for it, so no thread outlives its test.
    """

    def __init__(self, function: Callable[..., T], *arguments: object) -> None:
        self._function = function
        self._arguments = arguments
        self._result: T
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"background {function}", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def result(self, timeout: float = PATIENCE) -> T:
        """Return what the function returned, or raise what it raised; AssertionError if it is still running."""
        self._thread.join(timeout)
        assert self.is_done, f"{self._function} has not returned within {timeout} s"
        if self._error is not None:
            raise self._error
        return self._result

    def wait_until_waiting(self) -> None:
        """Return once the thread is inside a function called `wait`; from then on, whatever wakes it reaches it."""
        wait_until(self._is_waiting, f"{self._function} to wait")

    def __enter__(self) -> Background[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.result()

    def _run(self) -> None:
        try:
            self._result = self._function(*self._arguments)
        except BaseException as error:
            self._error = error

    def _is_waiting(self) -> bool:
        assert not self.is_done, f"{self._function} ended instead of waiting: {self._error!r}"
        frame = sys._current_frames().get(self._thread.ident or 0)
        while frame is not None and frame.f_code.co_name != "wait":
            frame = frame.f_back
        return frame is not None


def wait_until(condition: Callable[[], object], what: str = "it", timeout: float = PATIENCE) -> None:
    """Return once the condition holds; AssertionError if it does not within `timeout` seconds."""
    end = time.monotonic() + timeout
    pause = _LOOK_AGAIN  # most of what tests wait for happens at once, in another thread
    while not condition():
        assert time.monotonic() < end, f"waited {timeout} s for {what}"
        time.sleep(pause)
        pause = min(2 * pause, _LOOK_AGAIN_AT_LAST)
