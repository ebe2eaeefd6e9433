"""Where a guard stands on every way nothing is told, and where it is missing on one way that is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from guarded_programs import PROGRAMS, GuardedProgram
from localsocket_review.reviewer import review
from localsocket_review.rules import all_rules

_ASKED = tuple(rule for rule in all_rules() if rule.follows_data or rule.id == "LS107")
_every_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: one.name)


def told(text: str, suffix: str, directory: Path) -> set[str]:
    path = directory / f"program{suffix}"
    path.write_text(text)
    report = review([path], _ASKED)
    assert not report.not_reviewed
    return {finding.rule for finding in report.findings}


@_every_program
def test_nothing_is_told_where_a_guard_stands_on_every_way(program: GuardedProgram, tmp_path: Path) -> None:
    assert told(program.guarded, program.suffix, tmp_path) == set()


@pytest.mark.parametrize("way", ["first", "second"])
@_every_program
def test_what_one_way_leaves_unguarded_is_found(program: GuardedProgram, way: str, tmp_path: Path) -> None:
    text = program.open_ones[way == "second"]
    assert program.rules & told(text, program.suffix, tmp_path)
