"""What the documentation shows of the reviewer is what the reviewer prints, and the pages of the rules are current."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from command_line import run
from localsocket_review.rule_pages import rule_pages, write_pages
from localsocket_review.rules import all_rules
from repository import DOCS, ROOT

BLOCK = r"```\w+\n(?P<text>.*?)^```$"
SHOWN = re.compile(r"<!-- output of: localsocket review (?P<command>[^\n]+) -->\n" + BLOCK, re.DOTALL | re.MULTILINE)
SESSION = re.compile(
    r"<!-- session -->\n```sh\n(?P<commands>.*?)^```\n\n```text\n(?P<shown>.*?)^```$", re.DOTALL | re.MULTILINE
)
FILE = re.compile(r"<!-- file: (?P<name>\S+) -->\n" + BLOCK, re.DOTALL | re.MULTILINE)


class Shown(NamedTuple):
    document: Path
    command: str
    text: str


def shown() -> list[Shown]:
    return [
        Shown(document, match["command"], match["text"])
        for document in sorted(DOCS.glob("review*.md"))
        for match in SHOWN.finditer(document.read_text(encoding="utf-8"))
    ]


@pytest.mark.long
@pytest.mark.parametrize("one", shown(), ids=lambda one: one.command)
def test_a_report_that_is_shown_is_printed(one: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has_files = write_files_of(one.document, tmp_path)
    monkeypatch.chdir(tmp_path if has_files else ROOT)
    assert run(*shlex.split(one.command), columns=80).output == one.text


def write_files_of(document: Path, folder: Path) -> bool:
    files = list(FILE.finditer(document.read_text(encoding="utf-8")))
    for file in files:
        path = folder / file["name"]
        path.parent.mkdir(exist_ok=True)
        path.write_text(file["text"], encoding="utf-8")
    return bool(files)


@pytest.mark.long
def test_the_sessions_of_the_page_go_as_they_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each goes on where the one before it ended. What is not ours is typed into a shell."""
    document = DOCS / "review.md"
    write_files_of(document, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "you@example.org")
    sessions = list(SESSION.finditer(document.read_text(encoding="utf-8")))
    assert len(sessions) == 3
    for session in sessions:
        assert "".join(map(typed, session["commands"].splitlines())) == session["shown"]


def typed(command: str) -> str:
    ours = "localsocket review "
    if command.startswith(ours):
        return run(*shlex.split(command.removeprefix(ours))).output
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout


def test_reports_are_shown() -> None:
    assert {one.document.name for one in shown()} >= {"review.md", "review-fixing.md"}


def test_the_pages_of_the_rules_are_current() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "rules").glob("*.md")}
    assert written == rule_pages(all_rules()), "run `make rules`"


def test_writing_the_pages_removes_those_of_rules_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "LS999.md").write_text("")
    write_pages(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(rule_pages(all_rules()))
