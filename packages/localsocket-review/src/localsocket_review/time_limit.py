"""How long a rule may think about a program."""

from __future__ import annotations

import gc
import signal
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# The interpreter calls destructors by itself, what these files have told of an object's end, and what the garbage
# collector is to call. It prints what they raise, and forgets it.
_DESTRUCTOR = "__del__"
_TOLD_OF_ENDS = {each.__init__.__code__.co_filename for each in (weakref.WeakSet, weakref.WeakValueDictionary)}

_SOON = 0.001  # seconds; all of those are short
_ONCE_MORE = 1.0  # seconds: what was raised has ended the rule by then, or has been forgotten


class ThoughtTooLong(BaseException):
    """The time limit has passed. No rule catches it by catching each Exception."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise ThoughtTooLong inside once this process has computed for so long; time when it waits does not count.

    Only the main thread can be interrupted, and only where there are timers: elsewhere nothing is limited.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _interrupt(_number: int, frame: FrameType | None) -> None:
    if _would_be_forgotten(frame):
        signal.setitimer(signal.ITIMER_VIRTUAL, _SOON)
        return
    signal.setitimer(signal.ITIMER_VIRTUAL, _ONCE_MORE)
    raise ThoughtTooLong


def _would_be_forgotten(frame: FrameType | None) -> bool:
    """Whether what is raised in this frame ends with something that the interpreter called by itself."""
    told_by_collector = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    while frame is not None:
        code = frame.f_code
        if code.co_name == _DESTRUCTOR or code.co_filename in _TOLD_OF_ENDS or code in told_by_collector:
            return True
        frame = frame.f_back
    return False
