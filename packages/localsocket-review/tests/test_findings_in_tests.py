"""What is found in the tests of a tree counts for no verdict, and is told once for each rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from localsocket_review.findings import Severity
from localsocket_review.report.report import Report
from localsocket_review.reviewer import review

REMOVES = """
import os
import socket


def start(path: str) -> socket.socket:
    os.unlink(path)
    server = socket.socket(socket.AF_UNIX)
    os.fchmod(server.fileno(), 0o600)
    server.bind(path)
    server.listen()
    return server
"""
HARMLESS = "def add(one: int, other: int) -> int:\n    return one + other\n"


def tree(root: Path, **texts: str) -> Path:
    for name, text in texts.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def removals(report: Report) -> list[tuple[str, Severity, int]]:
    return [
        (Path(one.place.file).name, one.severity, len(one.evidence)) for one in report.findings if one.rule == "LS106"
    ]


@pytest.mark.parametrize("name", ["tests__server", "app__test__server", "test_server", "server_test", "conftest"])
def test_a_defect_in_a_test_is_a_note(tmp_path: Path, name: str) -> None:
    report = review([tree(tmp_path, app__add=HARMLESS, **{name: REMOVES})])
    assert [severity for _, severity, _ in removals(report)] == [Severity.NOTE]
    assert not report.security_defects


def test_those_of_a_rule_are_told_once(tmp_path: Path) -> None:
    report = review([tree(tmp_path, app=REMOVES, tests__one=REMOVES, tests__two=REMOVES)])
    assert removals(report) == [("app.py", Severity.HIGH, 2), ("one.py", Severity.NOTE, 2)]
    assert [one.message for one in report.findings if one.severity is Severity.NOTE and one.rule == "LS106"] == [
        "In tests, 2 times. The first: What stands at the endpoint is removed without asking whether a server lives "
        "there: a second start cuts it off."
    ]


@pytest.mark.parametrize("given", ["", "tests", "tests/server.py"])
def test_who_gives_tests_alone_has_them_reviewed_as_all_else(tmp_path: Path, given: str) -> None:
    tree(tmp_path, tests__server=REMOVES)
    assert removals(review([tmp_path / given])) == [("server.py", Severity.HIGH, 2)]


def test_a_word_that_only_begins_like_tests_is_none(tmp_path: Path) -> None:
    report = review([tree(tmp_path, app=HARMLESS, testimony__contest=REMOVES)])
    assert removals(report) == [("contest.py", Severity.HIGH, 2)]
