"""Log lines that a peer can bring about at will are thinned out: it must not be able to fill the disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from typing import TYPE_CHECKING

from localsocket.showing import one_line

if TYPE_CHECKING:
    import logging

BURST = 30  # lines about one peer that are logged as they come
BURST_OF_HANDLERS = 256  # and of handlers that fail, of which the author of the program wants to know
EVERY = 1.0  # seconds; then one line in so many

_SAID = 4000  # characters of what an error says
_PEERS = 256  # of which it is remembered how many lines there were; who has been quiet the longest is forgotten


class ThinnedLog:
    """Logs what happens because of a peer: the first lines of each kind about each user, then one a second.

    The line after others that were left out tells how many those were. Any thread may call.
    """

    def __init__(self, logger: logging.Logger, burst: int = BURST) -> None:
        self._logger = logger
        self._burst = burst
        self._lock = threading.RLock()  # a signal's handler may log in the midst of it
        self._allowances: dict[Hashable, _Allowance] = {}

    def log(self, level: int, uid: int, message: str, *arguments: object, error: BaseException | None = None) -> bool:
        """Log `message`, with the traceback of `error`, unless there are too many like it; return whether it is."""
        with self._lock:
            allowance = self._allowances.pop((uid, message), None) or _Allowance(self._burst)
            self._allowances[uid, message] = allowance  # as the latest
            if len(self._allowances) > _PEERS:
                del self._allowances[next(iter(self._allowances))]
            left_out = allowance.take()
        if left_out is None:
            return False
        if left_out:
            message, arguments = f"{message} (%d similar lines were left out)", (*arguments, left_out)
        if self._logger.isEnabledFor(level):
            self._emit(level, message, arguments, error)
        return True

    def _emit(self, level: int, message: str, arguments: tuple[object, ...], error: BaseException | None) -> None:
        logger = self._logger
        file, line, function, _ = logger.findCaller(stacklevel=3)
        exc_info = None if error is None else (type(error), error, error.__traceback__)
        record = logger.makeRecord(logger.name, level, file, line, message, arguments, exc_info, function)
        if error is not None:
            record.exc_text = harmless_traceback(error)  # which a formatter takes, where there is one, as it is
        logger.handle(record)


def harmless_traceback(error: BaseException) -> str:
    """Return the traceback with what errors say on one line each: a method may say what its caller has sent."""
    import traceback  # which a client with nothing to say does without

    lines = []
    for piece in traceback.TracebackException.from_exception(error).format():
        is_of_the_stack = piece.lstrip(" |+-").startswith(("File ", "Traceback ", "Exception Group Traceback "))
        said = piece.strip("\n")
        begin, _, end = piece.partition(said)  # empty lines
        lines.append(piece if is_of_the_stack else f"{begin}{one_line(said, _SAID)}{end}")
    return "".join(lines).rstrip("\n")


class _Allowance:
    """How many lines may be logged now, and how many have not been."""

    __slots__ = ("_at", "_burst", "_left", "_left_out")

    def __init__(self, burst: int) -> None:
        self._at = time.monotonic()
        self._burst = burst
        self._left = float(burst)
        self._left_out = 0

    def take(self) -> int | None:
        """Return how many lines were left out before this one, which may be logged; None if it may not."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) / EVERY)
        self._at = now
        if self._left < 1:
            self._left_out += 1
            return None
        self._left -= 1
        left_out, self._left_out = self._left_out, 0
        return left_out
