"""Several processes find what one finds, and nothing takes for ever."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from localsocket_review import workers
from localsocket_review.analysis.facts import Facts
from localsocket_review.checking import Checker
from localsocket_review.findings import Finding
from localsocket_review.reading.python_reader import read_python
from localsocket_review.reviewer import review
from localsocket_review.rules import all_rules
from localsocket_review.time_limit import ThoughtTooLong, time_limit
from localsocket_review.workers import Workers, processes_for

CORPUS = Path(__file__).parent / "corpus"
RULE = all_rules()[0]


def endless(facts: Facts) -> Iterator[Finding]:
    while True:
        yield from ()


class Short:
    """An object that does not live long."""


class LongEnd:
    def __del__(self) -> None:
        sum(range(100))


def ending_objects(facts: Facts) -> Iterator[Finding]:
    """Half of the time is that of destructors."""
    while True:
        LongEnd()
        sum(range(100))
        yield from ()


def ending_members(facts: Facts) -> Iterator[Finding]:
    """Much of the time is that of what a set is told of an object's end."""
    members = weakref.WeakSet[Short]()
    while True:
        members.update([Short() for _ in range(1000)])
        yield from ()


def collecting(facts: Facts) -> Iterator[Finding]:
    """Much of the time is that of what the garbage collector is to call."""

    def called(_phase: str, _told: dict[str, int]) -> None:
        sum(range(10_000))

    gc.callbacks.append(called)
    try:
        while True:
            gc.collect(0)
            yield from ()
    finally:
        gc.callbacks.remove(called)


def catching(facts: Facts) -> Iterator[Finding]:
    while True:
        with suppress(Exception):
            yield from endless(facts)


def too_deep(facts: Facts) -> Iterator[Finding]:
    yield from too_deep(facts)


@pytest.mark.long
def test_two_processes_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_BYTES_WORTH_A_PROCESS", 1)
    tree = CORPUS / "ls106"
    heard: list[tuple[str, int, int]] = []
    together = review([tree], processes=2, progress=lambda *step: heard.append(step))
    assert together == review([tree])
    files, rules = together.files, len(all_rules())
    assert heard == [
        *(("reading", done + 1, files) for done in range(files)),
        *(("checking", done + 1, rules) for done in range(rules)),
    ]


def test_a_helper_answers_for_rules() -> None:
    """This process waits with each of its rules until the helper has been asked one."""
    here = os.getpid()
    reading, writing = os.pipe()

    def check(facts: Facts) -> Iterator[Finding]:
        if os.getpid() != here:
            os.write(writing, bytes(len(all_rules())))
        else:
            os.read(reading, 1)
        yield from ()

    rules = [all_rules()[0], *(replace(rule, check=check) for rule in all_rules()[1:])]
    with Workers(Checker([]), rules, helpers=1) as helped:
        answers = list(helped.answers())
    os.close(writing)
    assert os.read(reading, 1)
    os.close(reading)
    assert sorted(answer.rule for answer in answers) == [rule.id for rule in rules]
    assert not any(answer.failure for answer in answers)


@pytest.mark.long
def test_what_a_killed_helper_had_taken_is_asked_here() -> None:
    here = os.getpid()

    def check(facts: Facts) -> Iterator[Finding]:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        yield from ()

    rules = [replace(rule, check=check) for rule in all_rules()]
    for helpers in (1, 3):
        with Workers(Checker([]), rules, helpers) as helped:
            assert sorted(answer.rule for answer in helped.answers()) == [rule.id for rule in rules]


def test_a_helper_that_is_interrupted_as_it_begins_ends_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    begin = BaseProcess._bootstrap  # type: ignore[attr-defined]

    def interrupted(self: BaseProcess, **options: object) -> object:
        os.kill(os.getpid(), signal.SIGINT)  # in the copy, which has not come to what it is to do
        return begin(self, **options)

    monkeypatch.setattr(BaseProcess, "_bootstrap", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Workers(Checker([]), all_rules(), helpers=1) as helped:
            answers = list(helped.answers())
            (process,) = helped._copies.values()
            process.join()
            status = process.exitcode
    finally:
        signal.signal(signal.SIGINT, before)
    assert (len(answers), status, capfd.readouterr()) == (len(all_rules()), -signal.SIGINT, ("", ""))


@pytest.mark.long
def test_a_helper_that_is_not_needed_any_more_is_ended() -> None:
    here = os.getpid()

    def check(facts: Facts) -> Iterator[Finding]:
        return endless(facts) if os.getpid() != here else iter(())

    with Workers(Checker([]), [replace(rule, check=check) for rule in all_rules()], helpers=2) as helped:
        for _ in zip(range(3), helped.answers(), strict=False):
            pass
        processes = list(helped._copies.values())
    assert len(processes) == 2


def test_a_small_tree_is_read_by_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers.threading, "active_count", lambda: 1)  # a test before may have left one that ends
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    assert processes_for([path], 8) == 1
    path.write_text("x = 1\n" * 1_000_000)
    assert processes_for([path], 8) == 6
    assert processes_for([path], 2) == 2
    monkeypatch.setattr(workers.os, "sched_getaffinity", lambda _process: {0, 1, 2})
    assert processes_for([path]) == 3
    monkeypatch.setattr(workers.threading, "active_count", lambda: 2)
    assert processes_for([path], 8) == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("check", "why"),
    [
        *((check, "longer than") for check in (endless, ending_objects, ending_members, collecting, catching)),
        (too_deep, "nested too deeply"),
    ],
)
def test_a_rule_that_does_not_end_is_given_up_and_the_others_go_on(check: object, why: str) -> None:
    paths = sorted((CORPUS / "ls106").glob("bad_*.py"))
    checker = Checker([read_python(str(path), path.read_text()) for path in paths], seconds=0.2)
    answer = checker.ask(replace(RULE, id="LS999", check=check))  # type: ignore[arg-type]
    assert (answer.rule, answer.findings) == ("LS999", ())
    assert why in answer.failure
    assert checker.ask(next(rule for rule in all_rules() if rule.id == "LS106")).findings


def test_a_rule_given_up_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    report = review([path], [replace(RULE, id="LS999", check=too_deep)])
    assert "LS999, which met code that is nested too deeply" in report.not_checked


@pytest.mark.long
def test_a_time_limit_leaves_no_timer_behind() -> None:
    with pytest.raises(ThoughtTooLong), time_limit(0.01):
        sum(number for number in itertools.count())  # which comes back to the interpreter at each step
    with time_limit(0.05):
        pass
    assert sum(range(10_000_000)) > 0


@pytest.mark.long
def test_a_time_limit_that_is_forgotten_holds_a_second_later() -> None:
    forgotten = list[BaseException]()

    def forget() -> None:
        try:
            sum(number for number in itertools.count())
        except ThoughtTooLong as error:
            forgotten.append(error)
        sum(number for number in itertools.count())

    with pytest.raises(ThoughtTooLong), time_limit(0.01):
        forget()
    assert forgotten


def test_outside_of_the_main_thread_nothing_is_limited() -> None:
    done = []

    def think() -> None:
        with time_limit(0.000001):
            done.append(sum(range(100_000)))

    thread = threading.Thread(target=think)
    thread.start()
    thread.join()
    assert done


def test_a_python_file_that_takes_too_long_says_so() -> None:
    assert "reading took longer than" in read_python("slow.py", "x = 1\n", seconds=-1).unread
