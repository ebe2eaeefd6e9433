"""docs/checking-a-review.md shows what really comes out."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from localsocket.review.claims.kinds import all_kinds

DOCUMENT = Path(__file__).parents[3] / "docs" / "checking-a-review.md"
FENCED = re.compile(r"<!-- (?P<role>file: (?P<name>[\w.]+)|run|output) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)


def test_the_example_gives_the_output_that_is_printed(tmp_path: Path) -> None:
    blocks = list(FENCED.finditer(DOCUMENT.read_text(encoding="utf-8")))
    for block in blocks:
        if block["name"]:
            (tmp_path / block["name"]).write_text(block["text"], encoding="utf-8")
    (command,) = [shlex.split(block["text"]) for block in blocks if block["role"] == "run"]
    (output,) = [block["text"] for block in blocks if block["role"] == "output"]
    assert command[:2] == ["localsocket", "review"]
    done = subprocess.run(
        [sys.executable, "-m", "localsocket.review", *command[2:]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == output


def test_every_kind_is_listed_with_its_first_example() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for kind in all_kinds():
        if not kind.is_last_resort:
            assert f"| {kind.name} | {kind.title} | {kind.examples[0]} |" in text
