"""All cores: other processes read the same program, and answer for some of the rules.

A program that was read is not sent to them: taking it apart and putting it together again takes as long as reading it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from localsocket.review.checking import Answer, Checker
from localsocket.review.reading.collecting import read_file
from localsocket.review.rules import all_rules
from localsocket.review.rules.rule import Rule

# Less than this is reviewed before another process has begun.
_BYTES_WORTH_A_PROCESS = 1024 * 1024


def processes_for(paths: Sequence[Path], most: int | None = None) -> int:
    """Return how many processes are worth it for these files; `most` is otherwise the number of cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    size = sum(path.stat().st_size for path in paths if path.is_file())
    return max(1, min(most or cores, 1 + size // _BYTES_WORTH_A_PROCESS))


class Workers:
    """`helpers` processes that begin to read at once. What they have not begun to answer is answered here."""

    def __init__(self, paths: Sequence[Path], rules: Sequence[Rule], helpers: int) -> None:
        self._rules = rules
        self._promised: dict[str, Future[Answer]] = {}
        self._executor: ProcessPoolExecutor | None = None
        if helpers > 0:
            # Processes of their own, not copies of this one: a copy would inherit its threads' locks.
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(helpers, context, _begin, ([str(path) for path in paths],))
            self._promised = {rule.id: self._executor.submit(_answer, rule.id) for rule in reversed(rules)}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def ask(self, checker: Checker) -> Iterator[Answer]:
        """Yield the answer of each rule: first those found here, then those that the others have found meanwhile."""
        for rule in self._rules:
            promised = self._promised.get(rule.id)
            if promised is None or promised.cancel():
                self._promised.pop(rule.id, None)
                yield checker.ask(rule)
        for rule in self._rules:
            if rule.id in self._promised:
                yield self._received(rule, checker)

    def _received(self, rule: Rule, checker: Checker) -> Answer:
        try:
            return self._promised[rule.id].result()
        except BrokenExecutor:  # a process was killed: it may have been too large
            return checker.ask(rule)


_checker: Checker | None = None  # in a process that helps: the program that it has read


def _begin(paths: list[str]) -> None:
    global _checker
    gc.disable()  # the model lives until the end of the process
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends the helpers in silence
    _checker = Checker([read_file(Path(path)) for path in paths])


def _answer(rule_id: str) -> Answer:
    assert _checker is not None
    return _checker.ask(next(rule for rule in all_rules() if rule.id == rule_id))
