"""What is found in the tests of a tree counts for no verdict, and is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from localsocket_review.findings import Category, Confidence, Finding, Severity
from localsocket_review.findings_in_tests import why_untold
from localsocket_review.model.place import Place
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
OPENS = """
import socket

server = socket.socket(socket.AF_UNIX)
server.bind("\\0bus")
server.listen()
"""
HARMLESS = "def add(one: int, other: int) -> int:\n    return one + other\n"


def tree(root: Path, **texts: str) -> Path:
    for name, text in texts.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def finding(file: Path, rule: str) -> Finding:
    place = Place(str(file), 1, 1, 1, 1)
    return Finding(rule, Category.SECURITY, Severity.HIGH, Confidence.HIGH, None, place, "It is open.", "close it")


def removals(report: Report) -> list[tuple[str, Severity, int]]:
    return [
        (Path(one.place.file).name, one.severity, len(one.evidence)) for one in report.findings if one.rule == "LS106"
    ]


@pytest.mark.parametrize("name", ["tests__server", "app__test__server", "test_server", "server_test", "conftest"])
def test_a_defect_in_a_test_is_counted_and_not_told(tmp_path: Path, name: str) -> None:
    report = review([tree(tmp_path, app__add=HARMLESS, **{name: REMOVES})])
    assert not removals(report)
    assert report.verdict == "No security defects are detected in the code."
    (untold,) = report.untold
    assert str(untold).startswith("1 finding in tests, ")
    assert str(untold).endswith(": LS106")


def test_all_that_tests_have_is_one_line_which_counts_the_rules(tmp_path: Path) -> None:
    report = review([tree(tmp_path, app=REMOVES, tests__one=REMOVES, tests__two=REMOVES, tests__bus=OPENS)])
    assert removals(report) == [("app.py", Severity.HIGH, 2)]
    (untold,) = report.untold
    assert (untold.findings, untold.defects) == (3, 0)
    assert untold.why.endswith("reviewed by themselves: LS106 2 times, LS104")


def test_the_line_names_three_rules_and_counts_the_rest() -> None:
    found = [finding(Path("test_all.py"), f"LS10{number}") for number in range(1, 6)]
    assert why_untold(found).endswith(": LS101, LS102, LS103 and 2 more rules")


@pytest.mark.parametrize("given", ["", "tests", "tests/server.py"])
def test_who_gives_tests_alone_has_them_reviewed_as_all_else(tmp_path: Path, given: str) -> None:
    tree(tmp_path, tests__server=REMOVES)
    assert removals(review([tmp_path / given])) == [("server.py", Severity.HIGH, 2)]


def test_a_word_that_only_begins_like_tests_is_none(tmp_path: Path) -> None:
    report = review([tree(tmp_path, app=HARMLESS, testimony__contest=REMOVES)])
    assert removals(report) == [("contest.py", Severity.HIGH, 2)]


def test_what_a_test_gives_the_program_to_bind_is_not_the_programs_choice(tmp_path: Path) -> None:
    binds = "import socket\n\n\ndef serve(path):\n    server = socket.socket(socket.AF_UNIX)\n    server.bind(path)\n"
    tests = "import tempfile\n\nfrom app import serve\n\n\ndef test_it():\n    serve(tempfile.mktemp())\n"
    report = review([tree(tmp_path, app=binds, tests__test_app=tests)])
    assert "LS124" not in {one.rule for one in report.findings}
    alone = review([tree(tmp_path / "whole", app=binds, main=tests)])
    assert "LS124" in {one.rule for one in alone.findings}
