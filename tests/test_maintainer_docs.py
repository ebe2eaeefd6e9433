"""The papers for those who change this: the paths that they name exist, and the rule that they write works."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIBRARY = ROOT / "packages" / "localsocket" / "src" / "localsocket"
REVIEWER = ROOT / "packages" / "localsocket-review" / "src" / "localsocket_review"
WRITING_A_RULE = ROOT / "docs" / "writing-a-rule.md"
PAPERS = [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md", WRITING_A_RULE]

NAMED = re.compile(r"`([\w./+-]+/[\w./+-]*|[\w./-]+\.(?:py|md|toml))`")
MADE = re.compile(r"^<!-- file: (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
ADDED = re.compile(
    r"^<!-- add to: (?P<path>\S+), below: (?P<below>.+?) -->\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


def exists(named: str) -> bool:
    """Say whether a path leads somewhere: from the root or from one of the packages; or whether a file is so called."""
    roots = (ROOT, *(root for source in (LIBRARY, REVIEWER) for root in (source, source.parent.parent)))
    return any((root / named).exists() for root in roots) or any(ROOT.glob(f"packages/*/tests/*/{named}"))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_every_path_named_exists(paper: Path) -> None:
    text = paper.read_text(encoding="utf-8")
    made = {found["path"] for found in MADE.finditer(text)} | {"newsfragments/+default-timeout.added.md"}
    named = {found[1] for found in NAMED.finditer(text)} - made
    assert named
    assert not [path for path in sorted(named) if not exists(path)]


@pytest.mark.long
def test_the_rule_that_is_written_step_by_step_finds_what_its_programs_say(tmp_path: Path) -> None:
    text = WRITING_A_RULE.read_text(encoding="utf-8")
    package = tmp_path / REVIEWER.relative_to(ROOT)
    shutil.copytree(REVIEWER, package, ignore=shutil.ignore_patterns("__pycache__"))
    for found in MADE.finditer(text):
        path = tmp_path / found["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found["text"], encoding="utf-8")
    for found in ADDED.finditer(text):
        path = tmp_path / found["path"]
        before = path.read_text(encoding="utf-8")
        line = next(line for line in before.splitlines(keepends=True) if line.strip().startswith(found["below"]))
        path.write_text(before.replace(line, line + found["text"], 1), encoding="utf-8")
    programs = sorted(tmp_path.glob("packages/*/tests/corpus/*/*.py"))
    assert len(programs) == 5
    for program in programs:
        lines = program.read_text(encoding="utf-8").splitlines()
        planted = [number for number, line in enumerate(lines, 1) if line.endswith("# expect: LS290")]
        assert bool(planted) is program.name.startswith("bad_")
        assert review(program, package.parent) == planted, program.name


def review(program: Path, source: Path) -> list[int]:
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from localsocket_review.cli import main; main()"
    command = [sys.executable, "-c", code, str(source), "--no-cache", "--format", "json", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)["findings"]
    assert {finding["rule"] for finding in findings} <= {"LS290"}
    return [finding["line"] for finding in findings]
