"""What has to be done although something raises in the midst of it: a signal's handler, or one of many that are told.

Ctrl-C, and every signal's handler that raises, may cut off the main thread between any two steps. So what would leave
somebody waiting for ever is written to do no harm when it is done twice, and is done again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

logger = logging.getLogger("localsocket")

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


def _tell(callback: Callable[[], object]) -> None:
    try:
        callback()
    except Exception:
        logger.exception("%r failed, and others are told all the same", callback)
