"""All cores: copies of this process, each with the whole program, answer for some of the rules.

A copy costs nothing. To send the program to another process, or to read it there again, would take as long as reading
it here, and half of the review is what all rules ask alike: so that is done first, and then the copies are made.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from localsocket_review.checking import Answer, Checker
from localsocket_review.rules.rule import Rule

# Less than this is reviewed before another process has begun.
_BYTES_WORTH_A_PROCESS = 1024 * 1024


def processes_for(paths: Sequence[Path], most: int | None = None) -> int:
    """Return how many processes are worth it for these files; `most` is otherwise the number of cores.

    Only one where this process cannot be copied safely: on macOS, and with threads, whose locks a copy would keep.
    """
    if "fork" not in multiprocessing.get_all_start_methods() or not hasattr(os, "sched_getaffinity"):
        return 1
    if threading.active_count() > 1:
        return 1
    size = sum(path.stat().st_size for path in paths if path.is_file())
    return max(1, min(most or len(os.sched_getaffinity(0)), 1 + size // _BYTES_WORTH_A_PROCESS))


class Workers:
    """This process and `helpers` copies of it. What they have not begun to answer is answered here."""

    def __init__(self, checker: Checker, rules: Sequence[Rule], helpers: int) -> None:
        self._checker = checker
        self._rules = rules
        self._helpers = helpers
        self._promised: dict[str, Future[Answer]] = {}
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def answers(self) -> Iterator[Answer]:
        """Yield the answer of each rule: first those found here, then those that the others have found meanwhile."""
        first, *others = self._rules
        yield self._checker.ask(first)  # which finds out what the others need as well
        if self._helpers > 0:
            self._share(others)
        for rule in others:
            promised = self._promised.get(rule.id)
            if promised is None or promised.cancel():
                self._promised.pop(rule.id, None)
                yield self._checker.ask(rule)
        for rule in others:
            if rule.id in self._promised:
                yield self._received(rule)

    def _share(self, rules: Sequence[Rule]) -> None:
        context = multiprocessing.get_context("fork")
        # What begins a copied process is copied with it, and not sent.
        self._executor = ProcessPoolExecutor(self._helpers, context, _begin, (self._checker, rules))
        self._promised = {rule.id: self._executor.submit(_answer, rule.id) for rule in reversed(rules)}

    def _received(self, rule: Rule) -> Answer:
        try:
            return self._promised[rule.id].result()
        except BrokenExecutor:  # a process was killed: it may have been too large
            return self._checker.ask(rule)


_checker: Checker | None = None  # in a copy: the program, and the rules by their names
_rules: dict[str, Rule] = {}


def _begin(checker: Checker, rules: Sequence[Rule]) -> None:
    global _checker
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends the helpers in silence
    _checker = checker
    _rules.update((rule.id, rule) for rule in rules)


def _answer(rule_id: str) -> Answer:
    assert _checker is not None
    return _checker.ask(_rules[rule_id])
