"""What has to be done although something raises in the midst of it: a signal's handler, or one of many that are told.

Ctrl-C, and every signal's handler that raises, may cut off the main thread between any two steps. So what would leave
somebody waiting for ever is written to do no harm when it is done twice, and is done again.

And a signal may come too early to cut off a wait. Python looks for signals between two steps, and one that arrives
during a system call ends that. In between, when the thread has looked and has yet to begin the call, nobody sees it
until the call ends; Python may even sleep there, if another thread is to have the interpreter first. The cure is
signal.set_wakeup_fd() (pselect(2) says why), and that is the program's own. So the main thread, which alone handles
signals, waits for a part of its time, looks, and waits again.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from localsocket.late_logging import late_logger

logger = late_logger("localsocket")

Result = TypeVar("Result")

_A_PART = 0.5  # seconds; a person who pressed Ctrl-C is not annoyed yet, and a program that waits costs nothing yet


def part_of(seconds: float | None) -> float:
    """Return for how long this thread may wait at a time, of so many seconds in all, None for ever."""
    longest = _A_PART if threading.get_ident() == threading.main_thread().ident else threading.TIMEOUT_MAX
    return longest if seconds is None else min(seconds, longest)


def join(thread: threading.Thread, seconds: float | None) -> None:
    """Wait for the thread to end, for so many seconds, None for ever."""
    wait_in_parts(thread.join, lambda: not thread.is_alive(), seconds)


def wait_in_parts(wait: Callable[[float], object], is_over: Callable[[], bool], seconds: float | None) -> None:
    """Wait by `wait`, which takes the seconds that it may last, until `is_over` holds or the time has passed."""
    end = math.inf if seconds is None else time.monotonic() + seconds
    while not is_over() and (remaining := end - time.monotonic()) > 0:
        wait(part_of(remaining))


def tell_all(callbacks: Sequence[Callable[[], object]]) -> None:
    """Call each, even if one raises: that is logged. After an interrupt the rest is called before that is raised."""
    told = 0
    try:
        for callback in callbacks:
            _tell(callback)
            told += 1
    except BaseException:
        for callback in callbacks[told:]:
            _tell(callback)
        raise


def in_any_case(step: Callable[[], Result]) -> Result:
    """Do the step; once more if it is interrupted, and then raise the interrupt."""
    try:
        return step()
    except BaseException:
        step()
        raise


def while_held(
    lock: threading.RLock, seconds: float, step: Callable[[], Result], otherwise: Callable[[], Result]
) -> Result:
    """Do the step while the lock is held, which may take `seconds` to get, -1 for ever; `otherwise` when it is not got.

    As a `with` statement does, it lets go of the lock wherever an interrupt comes: also between having got it and
    knowing that, and in the midst of letting go.
    """
    try:
        try:
            return step() if lock.acquire(timeout=seconds) else otherwise()
        finally:
            _let_go(lock)
    except BaseException:
        _let_go(lock)
        raise


def _let_go(lock: threading.RLock) -> None:
    if lock._is_owned():  # type: ignore[attr-defined]
        lock.release()


def _tell(callback: Callable[[], object]) -> None:
    try:
        callback()
    except Exception:
        logger.exception("%r failed, and the others are told all the same", callback)
