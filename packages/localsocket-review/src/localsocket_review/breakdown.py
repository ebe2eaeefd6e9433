"""Our own exceptions, told in one line: what failed, at which line of the code reviewed, and how to report it."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

from localsocket_review.model.place import Place

HOW_TO_REPORT = "this is a bug in localsocket-review: please report it with what --debug prints"
_PACKAGE = Path(__file__).parent
_LONGEST_MESSAGE = 100


def described(error: BaseException) -> str:
    """Return what was raised and where in the reviewer: `IndexError: list index out of range, rules/ls109.py:51`."""
    message = " ".join(str(error).split())[:_LONGEST_MESSAGE]
    frames = traceback.extract_tb(error.__traceback__)
    where = f", {_short(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{f': {message}' if message else ''}{where}"


def reviewed_place(error: BaseException) -> Place | None:
    """Return the place in the code reviewed that was looked at when this was raised, if any frame tells one."""
    frames: list[TracebackType] = []
    current = error.__traceback__
    while current is not None:
        frames.append(current)
        current = current.tb_next
    for frame in reversed(frames):  # the innermost knows best
        for value in frame.tb_frame.f_locals.values():
            place = value if isinstance(value, Place) else _place_of(value)
            if place is not None:
                return place
    return None


def whole_trace(error: BaseException) -> str:
    """Return the traceback as text. It holds nothing of the local variables."""
    return "".join(traceback.format_exception(error, limit=-20))


def _place_of(value: object) -> Place | None:
    # Only what the model's own classes say of themselves: anything else may run code when it is asked.
    if not type(value).__module__.startswith(__package__ or ""):
        return None
    try:
        place = getattr(value, "place", None)
    except Exception:  # what failed may be this very object
        return None
    return place if isinstance(place, Place) else None


def _short(file: str) -> str:
    path = Path(file)
    return path.relative_to(_PACKAGE).as_posix() if path.is_relative_to(_PACKAGE) else path.name
