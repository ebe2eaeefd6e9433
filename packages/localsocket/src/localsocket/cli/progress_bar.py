"""How far something has come, drawn on the standard error where that is a terminal; the output stays as it is."""

from __future__ import annotations

import importlib.util
import math
import sys
import time
from typing import TYPE_CHECKING, Self

from localsocket.cli.plain_text import one_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ProgressBar:
    """One bar that is drawn when it is told to, without a thread that draws in between; at the end it is gone."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        """Draw at most once in so many seconds."""
        self._seconds = seconds
        self._drawn_at = -math.inf
        self._is_shown = sys.stderr.isatty() and importlib.util.find_spec("rich") is not None
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def draw(self, done: float, total: float | None, text: str) -> None:
        """Show that `done` of `total` is done; where nobody knows the total, only what is done."""
        now = time.monotonic()
        if not self._is_shown or now - self._drawn_at < self._seconds:
            return
        self._drawn_at = now
        if self._bar is None:
            self._begin()
        assert self._bar is not None
        assert self._task is not None
        self._bar.update(self._task, completed=done, total=total, description=one_line(text), refresh=True)

    def count(self, count: int) -> None:
        """Show how many there are so far."""
        self.draw(count, None, "items")

    def clear(self) -> None:
        """Take the bar away, for something else to be printed there; it comes back when it is drawn again."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        # As text and not as markup: a peer may have written it.
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        self._bar = Progress(
            *columns,
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
            redirect_stdout=False,  # which would draw the output there as well
            redirect_stderr=False,
        )
        self._bar.start()
        self._task = self._bar.add_task("")
