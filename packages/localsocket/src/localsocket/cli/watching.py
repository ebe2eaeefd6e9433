"""`--watch SECONDS`: the same thing again and again, in place on a terminal, one behind the other in a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterator

from localsocket.cli.output import can_draw_again, print_piece
from localsocket.deadlines import Deadline

_HOME_AND_CLEAR = "\x1b[H\x1b[2J"


def again(seconds: float | None) -> Iterator[None]:
    """Give the turn once, or every so many seconds until interrupted, on a terminal with a clear screen each time."""
    while True:
        if seconds is not None and can_draw_again():
            print_piece(_HOME_AND_CLEAR)
        yield
        if seconds is None:
            return
        time.sleep(seconds)


def time_for_turn(deadline: Deadline, timeout: float | None, watch: float | None) -> float | None:
    """Return how long this turn may take: whoever watches gives each turn the whole time."""
    return deadline.remaining() if watch is None else timeout
