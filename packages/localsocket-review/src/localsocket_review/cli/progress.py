"""How far a review has come, shown to a person who has been waiting."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class LateProgress:
    """A progress bar on a terminal that appears once the work has taken longer than `after` seconds."""

    def __init__(self, console: Console, after: float = 2.0) -> None:
        self._console = console
        self._appears_at = time.monotonic() + after
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, work: str, done: int, total: int) -> None:
        if not self._console.is_terminal or time.monotonic() < self._appears_at:
            return
        if self._bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            # Without a thread of its own, with which the reviewer could not copy its process.
            self._bar = Progress(*columns, console=self._console, transient=True, auto_refresh=False)
            self._bar.start()
        if work not in self._tasks:
            self._tasks[work] = self._bar.add_task(work)
        self._bar.update(self._tasks[work], completed=done, total=total, refresh=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
