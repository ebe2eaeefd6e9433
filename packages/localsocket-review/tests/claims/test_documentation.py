"""docs/checking-a-review.md shows what really comes out."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from command_line import run
from localsocket_review.claims.kinds import all_kinds
from repository import DOCS

DOCUMENT = DOCS / "checking-a-review.md"
FENCED = re.compile(r"<!-- (?P<role>file: (?P<name>[\w.]+)|run|output) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)


def test_the_example_gives_the_output_that_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = list(FENCED.finditer(DOCUMENT.read_text(encoding="utf-8")))
    for block in blocks:
        if block["name"]:
            (tmp_path / block["name"]).write_text(block["text"], encoding="utf-8")
    (command,) = [shlex.split(block["text"]) for block in blocks if block["role"] == "run"]
    (output,) = [block["text"] for block in blocks if block["role"] == "output"]
    assert command[:2] == ["localsocket", "review"]
    monkeypatch.chdir(tmp_path)
    assert run(*command[2:], columns=80) == (1, output, "")


def test_every_kind_is_listed_with_its_first_example() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for kind in all_kinds():
        if not kind.is_last_resort:
            assert f"| {kind.name} | {kind.title} | {kind.examples[0]} |" in text
