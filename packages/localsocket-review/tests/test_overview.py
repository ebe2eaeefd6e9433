"""A first look at a large tree: where the findings are, what to look at first, and how to begin."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from command_line import run
from localsocket_review.findings import Category, Confidence, Finding, Severity
from localsocket_review.model.place import Place
from localsocket_review.report.explaining import explain
from localsocket_review.report.overview import overview
from localsocket_review.report.report import Report, Untold, in_order
from localsocket_review.rules import all_rules


def found(rule: str, file: str, line: int, severity: Severity = Severity.HIGH) -> Finding:
    category = Category.SECURITY if rule.startswith("LS1") else Category.RELIABILITY
    return Finding(rule, category, severity, Confidence.HIGH, None, Place(file, line), "It is so.", "mend it")


def report_of(*findings: Finding) -> Report:
    return Report(in_order(findings), (), files=3, lines=100)


MANY = [
    *(found("LS205", f"src/net/{number}.py", 7, Severity.LOW) for number in range(18)),
    *(found("LS106", "src/server.py", line) for line in (3, 9)),
    found("LS101", "src/server.py", 5, Severity.MEDIUM),
]


def test_many_findings_are_counted_by_rule_and_folder_and_the_worst_of_each_rule_comes_first() -> None:
    lines = [*overview(report_of(*MANY))]
    assert lines[0] == "By rule: LS205 18, LS106 2, LS101 1"
    assert lines[1] == "By folder: src/net 18, src 3"
    assert lines[2] == "Look first at 1 (LS106 src/server.py:3), 3 (LS101 src/server.py:5)."
    assert "--write-baseline known.json" in lines[3]
    assert "--baseline known.json" in lines[3]


def test_few_findings_and_new_ones_need_no_overview() -> None:
    assert [*overview(report_of(*MANY[-3:]))] == []
    assert [*overview(replace(report_of(*MANY), untold=(Untold(9, 1, "known to known.json"),)))] == []


def test_where_nothing_is_grave_nothing_is_to_be_looked_at_first() -> None:
    lines = [*overview(report_of(*(found("LS205", f"{number}.py", 1, Severity.LOW) for number in range(20))))]
    assert not [line for line in lines if line.startswith("Look first")]


@pytest.mark.parametrize("words", [["explain", "LS106"], ["--explain", "ls106"]])
def test_a_rule_is_explained_by_a_word_or_an_option(words: list[str]) -> None:
    done = run(*words)
    assert (done.status, done.output.splitlines()[0]) == (0, "LS106: endpoint removed without a probe or a lock")


def test_a_rule_is_explained_in_colour_on_a_terminal() -> None:
    rule = next(rule for rule in all_rules() if rule.id == "LS106")
    output = io.StringIO()
    explain(rule, Console(file=output, force_terminal=True, color_system="standard", width=100))
    assert "\x1b[1;31mLS106" in output.getvalue()
    assert "\x1b[32mRepair: " in output.getvalue()
    plain = io.StringIO()
    explain(rule, Console(file=plain, width=100))
    assert "\x1b" not in plain.getvalue()
