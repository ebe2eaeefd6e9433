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
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from pickle import UnpicklingError
from types import TracebackType
from typing import Self

from localsocket_review.checking import Checker, RuleOutcome
from localsocket_review.rules.rule import Rule

# Less than this is reviewed before another process has begun.
_BYTES_WORTH_A_PROCESS = 1024 * 1024
_BYTES_PER_NUMBER = 2


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
    """This process and `helpers` copies of it, which take one rule after the other from one queue."""

    def __init__(self, checker: Checker, rules: Sequence[Rule], helpers: int) -> None:
        self._checker = checker
        self._rules = rules
        self._helpers = helpers
        self._copies: dict[Connection, BaseProcess] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for results, process in self._copies.items():
            results.close()
            process.kill()
            process.join()
            process.close()

    def answers(self) -> Iterator[RuleOutcome]:
        """Yield the answer of each rule, as they are found here and elsewhere."""
        first, *others = self._rules
        yield self._checker.ask(first)  # which finds out what the others need as well
        left = {rule.id: rule for rule in others}
        queue = _Queue(others)
        try:
            self._copy(queue)
            while (rule := queue.take()) is not None:
                del left[rule.id]
                yield self._checker.ask(rule)
                yield from self._received(left, timeout=0)
            yield from self._received(left, timeout=None)
        finally:
            queue.close()
        for rule in left.values():  # whoever took it was killed, as a process that is too large is
            yield self._checker.ask(rule)

    def _copy(self, queue: _Queue) -> None:
        if self._helpers == 0:
            return
        context = multiprocessing.get_context("fork")
        with suppress(OSError):  # no memory for a copy, or no more processes: all is answered here
            for _ in range(self._helpers):
                results, answers = context.Pipe(duplex=False)
                process = context.Process(target=_help, args=(self._checker, queue, answers), daemon=True)
                with answers, ExitStack() as on_failure:  # closed here, so that the other process's end is seen
                    on_failure.enter_context(results)
                    with _interrupts_later():
                        process.start()
                    on_failure.pop_all()
                self._copies[results] = process

    def _received(self, left: dict[str, Rule], timeout: float | None) -> Iterator[RuleOutcome]:
        """Yield what the others have found: what is there already, or with a `timeout` of None all of it."""
        open_ones = list(self._copies)
        while open_ones and (ready := wait(open_ones, timeout)):
            for results in ready:
                assert isinstance(results, Connection)
                try:
                    answer: RuleOutcome = results.recv()
                except (EOFError, OSError, UnpicklingError):  # it has ended, or was killed amid an answer
                    open_ones.remove(results)
                    continue
                del left[answer.rule]
                yield answer


class _Queue:
    """Rules that several processes take, each once. No lock, which a process that is killed would keep for ever."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._reading, writing = os.pipe()
        # Two bytes each, written at once: the system hands each of a pipe's bytes to one reader only, in their order.
        os.write(writing, b"".join(number.to_bytes(_BYTES_PER_NUMBER, "big") for number in range(len(rules))))
        os.close(writing)

    def take(self) -> Rule | None:
        number = os.read(self._reading, _BYTES_PER_NUMBER)
        return self._rules[int.from_bytes(number, "big")] if number else None

    def close(self) -> None:
        os.close(self._reading)


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Have an interrupt wait for the end of the block, and in a copy of the process for _help()."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _help(checker: Checker, queue: _Queue, answers: Connection) -> None:
    """Answer for rules, in a copy of the process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends the helpers in silence
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    while (rule := queue.take()) is not None:
        answers.send(checker.ask(rule))
