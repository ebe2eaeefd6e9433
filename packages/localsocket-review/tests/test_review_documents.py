"""What the documentation shows of the reviewer is what the reviewer prints, and the pages of the rules are current."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from command_line import run
from localsocket_review.rule_pages import rule_pages, write_pages
from localsocket_review.rules import all_rules

ROOT = Path(__file__).parents[3]
BLOCK = r"```\w+\n(?P<text>.*?)^```$"
SHOWN = re.compile(r"<!-- output of: localsocket review (?P<command>[^\n]+) -->\n" + BLOCK, re.DOTALL | re.MULTILINE)
FILE = re.compile(r"<!-- file: (?P<name>\S+) -->\n" + BLOCK, re.DOTALL | re.MULTILINE)


class Shown(NamedTuple):
    document: Path
    command: str
    text: str


def shown() -> list[Shown]:
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("review*.md"))]
    return [
        Shown(document, match["command"], match["text"])
        for document in documents
        for match in SHOWN.finditer(document.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("one", shown(), ids=lambda one: one.command)
def test_a_report_that_is_shown_is_printed(one: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = list(FILE.finditer(one.document.read_text(encoding="utf-8")))
    for file in files:
        (tmp_path / file["name"]).write_text(file["text"], encoding="utf-8")
    monkeypatch.chdir(tmp_path if files else ROOT)
    assert run(*shlex.split(one.command), columns=80).output == one.text


def test_reports_are_shown() -> None:
    assert {one.document.name for one in shown()} >= {"README.md", "review.md"}


def test_the_pages_of_the_rules_are_current() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "rules").glob("*.md")}
    assert written == rule_pages(all_rules()), "run `make rules`"


def test_writing_the_pages_removes_those_of_rules_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "LS999.md").write_text("")
    write_pages(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(rule_pages(all_rules()))
