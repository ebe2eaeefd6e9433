"""A rule that fails costs its own findings and nothing else, and nobody takes its silence for an answer."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from command_line import run
from localsocket_review import workers
from localsocket_review.analysis.facts import Facts
from localsocket_review.breakdown import HOW_TO_REPORT, reviewed_place
from localsocket_review.cache import ReportCache
from localsocket_review.cli import reviewing, settings
from localsocket_review.findings import Finding
from localsocket_review.model.unit import Unit
from localsocket_review.reading import files
from localsocket_review.report.report import CLEAN_VERDICT, Report
from localsocket_review.reviewer import review
from localsocket_review.rules import all_rules
from localsocket_review.rules.rule import Rule
from planted_defects import CORPUS

SERVER = """\
import os
import socket


def serve(path):
    os.unlink(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    connection, _ = server.accept()
    os.system(connection.recv(100).decode())
"""
COMMAND_FILLED_LATER = """\
import socket
import subprocess

server = socket.socket(socket.AF_UNIX)
server.bind("/run/user/1000/list.sock")
server.listen()
connection, _ = server.accept()
name = connection.recv(100).decode()
command = []
command.append("ls")
command.append(name)
subprocess.run(command)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "server.py"
    path.write_text(SERVER)
    return path


def failing(rule: Rule, error: BaseException) -> Rule:
    """Return the rule, which raises once it has found what it finds, while it looks at the last function."""

    def check(facts: Facts) -> Iterator[Finding]:
        yield from rule.check(facts)
        for _function in facts.functions():
            raise error

    return replace(rule, check=check)


def with_failing(rule_id: str, error: BaseException) -> list[Rule]:
    return [failing(rule, error) if rule.id == rule_id else rule for rule in all_rules()]


def lines_of(report: Report, rule_id: str) -> list[str]:
    return [line for line in report.not_checked if rule_id in line]


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_each_rule_may_fail_and_the_rest_of_the_report_stands(rule: Rule, source: Path) -> None:
    whole = review([source])
    report = review([source], with_failing(rule.id, LookupError("no such\nthing")))
    assert report.findings == whole.findings
    (line,) = lines_of(report, rule.id)
    assert line.startswith(f"{rule.id}, which failed at {source}:")
    assert "LookupError: no such thing" in line
    assert line.endswith(HOW_TO_REPORT)
    assert [failure.what for failure in report.failed_rules] == [rule.id]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (IndexError("list index out of range"), "which failed at"),
        (MemoryError(), "which ran out of memory"),
        (RecursionError("too deep"), "which met code that is nested too deeply"),
        (StopIteration(), "which failed"),
        (AssertionError(), "which failed at"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_raised_is_one_line(error: BaseException, words: str, source: Path) -> None:
    (line,) = lines_of(review([source], with_failing("LS107", error)), "LS107")
    assert words in line
    assert "\n" not in line


def test_a_file_on_which_the_reader_failed_is_not_kept(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Unit:
        raise ValueError

    monkeypatch.setattr(files, "read_python", fail)
    assert review([source], cache=ReportCache(tmp_path / "cache")).traces
    assert not (tmp_path / "cache").exists()


def test_a_rule_that_fails_at_once_names_the_files(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.py").write_text("x = 1\n")

    def check(_facts: Facts) -> Iterator[Finding]:
        raise RuntimeError("odd")

    rules = [replace(rule, check=check) for rule in all_rules()[:1]]
    (line,) = lines_of(review([tmp_path], rules), "LS1")
    assert f"which failed in {tmp_path}/0.py, {tmp_path}/1.py, {tmp_path}/2.py and 2 more (RuntimeError: odd" in line
    (line,) = lines_of(review([tmp_path / "0.py"], rules), "LS1")
    assert f"which failed in {tmp_path}/0.py (RuntimeError: odd" in line


def test_the_verdict_is_no_clean_one_when_a_rule_failed(tmp_path: Path) -> None:
    path = tmp_path / "plain.py"
    path.write_text("x = 1\n")
    assert review([path]).verdict == CLEAN_VERDICT
    report = review([path], with_failing("LS107", ValueError()))
    assert report.verdict == "No security defects are detected by the rules that finished; 1 did not."


@pytest.mark.long
@pytest.mark.parametrize("fail_on", ["security", "any", "none"])
def test_a_failed_rule_has_a_status_that_nothing_hides(
    fail_on: str, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = with_failing("LS403", KeyError("gone"))
    monkeypatch.setattr(settings, "all_rules", lambda: rules)
    done = run(str(source), "--fail-on", fail_on)
    assert done.status == 2
    assert "LS106" in done.output
    assert "Traceback" not in done.output + done.complaints


def test_the_traceback_is_shown_to_who_asks_for_it(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = with_failing("LS403", KeyError("gone"))
    monkeypatch.setattr(settings, "all_rules", lambda: rules)
    assert "KeyError: 'gone'" in run(str(source), "--debug").complaints


def test_what_every_rule_needs_fails_in_one_line(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Facts, program: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(Facts, "__init__", fail)
    report = review([source])
    told = [line for line in report.not_checked if "ZeroDivisionError" in line]
    assert len(told) == 1
    assert f"and {len(all_rules()) - 3} more, which failed" in told[0]
    assert len(report.failed_rules) == len(all_rules())


@pytest.mark.parametrize("error", [ValueError("odd"), MemoryError(), RecursionError()], ids=lambda one: repr(one))
def test_a_reader_that_fails_costs_its_file(
    tmp_path: Path, source: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.cpp").write_text("int x;\n")

    def fail(*_: object) -> Unit:
        raise error

    monkeypatch.setattr(files, "read_cpp", fail)
    report = review([tmp_path])
    assert [one.rule for one in report.security_defects] == ["LS106", "LS109"]
    assert any(line.startswith(f"{tmp_path}/other.cpp: ") for line in report.not_checked)
    assert report.verdict.endswith(" in the 1 file that could be read; 1 could not.")


def test_a_report_with_a_failed_rule_is_not_kept(tmp_path: Path, source: Path) -> None:
    kept = ReportCache(tmp_path / "cache")
    failed = review([source], with_failing("LS107", MemoryError()), cache=kept)
    assert failed.failed_rules
    assert not (tmp_path / "cache").exists()


@pytest.mark.long
def test_what_nobody_foresaw_is_told_with_the_status_of_no_review(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> Report:
        raise RuntimeError("out of order")

    monkeypatch.setattr(reviewing, "review", fail)
    done = run(str(source))
    assert (done.status, done.output) == (2, "")
    assert "RuntimeError: out of order" in done.complaints
    assert "Traceback" not in done.complaints
    assert "Traceback" in run(str(source), "--debug").complaints


@pytest.mark.long
def test_a_killed_helper_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The helper is killed by the system, as one that takes too much memory is."""
    monkeypatch.setattr(workers, "_BYTES_WORTH_A_PROCESS", 1)
    here = os.getpid()
    last = all_rules()[-1]

    def check(facts: Facts) -> Iterator[Finding]:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        yield from last.check(facts)

    tree = CORPUS / "ls106"
    report = review([tree], [*all_rules()[:-1], replace(last, check=check)], processes=2)
    assert report == review([tree])


@pytest.mark.long
@pytest.mark.may_leave("descriptors", reason="multiprocessing forgets its own when no process can be made")
def test_without_memory_for_a_helper_all_is_asked_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_BYTES_WORTH_A_PROCESS", 1)

    def refuse() -> int:
        raise OSError(12, "Cannot allocate memory")

    tree = CORPUS / "ls106"
    alone = review([tree])
    monkeypatch.setattr(os, "fork", refuse)
    assert review([tree], processes=2) == alone


def test_a_place_that_fails_when_it_is_asked_is_none() -> None:
    def fail(_value: object) -> None:
        raise ValueError

    class Odd:
        place = property(fail)

    def raising() -> None:
        odd: Callable[[], None] | Odd = Odd()
        raise KeyError(odd)

    Odd.__module__ = "localsocket_review.model.odd"
    with pytest.raises(KeyError) as caught:
        raising()
    assert reviewed_place(caught.value) is None


def test_a_command_whose_list_is_empty_at_first_is_read(tmp_path: Path) -> None:
    path = tmp_path / "listing.py"
    path.write_text(COMMAND_FILLED_LATER)
    report = review([path])
    assert not report.failed_rules
    assert not report.security_defects


@pytest.mark.parametrize("call", ["subprocess.run([])", "subprocess.run(args=[])", "os.execv(*[])", "os.system()"])
def test_a_command_without_words_is_read(call: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(SERVER + f"    {call}\n")
    assert not review([path]).failed_rules


@pytest.mark.long
def test_failures_are_in_the_json(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = with_failing("LS403", KeyError("gone"))
    monkeypatch.setattr(settings, "all_rules", lambda: rules)
    document = json.loads(run(str(source), "--format", "json").output)
    assert any(line.startswith("LS403, which failed") for line in document["not_checked"])
    ((rule, reason),) = [one.values() for one in document["failed_rules"]]
    assert rule == "LS403"
    assert "KeyError" in reason
