"""What has to be done although something raises in the midst of it: a signal's handler, or one of many that are told.

Ctrl-C, and every signal's handler that raises, may cut off the main thread between any two steps. So what would leave
somebody waiting for ever is written to do no harm when it is done twice, and is done again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from localsocket.late_logging import late_logger

logger = late_logger("localsocket")

Result = TypeVar("Result")


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
