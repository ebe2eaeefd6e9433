"""The corpus of planted defects: its cases, what is planted in each, and one review of all of them.

A case is a file, or a directory reviewed as one program. Its name begins with `bad_` or `good_`, and `good_unless_`
shows what looks like the defect and is none. A comment `expect: LS103` ends the line of a finding that must be there.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from localsocket_review.report.report import Report
from localsocket_review.reviewer import review

CORPUS = Path(__file__).parent / "corpus"
CASES = sorted(case for folder in CORPUS.iterdir() for case in folder.iterdir())
EXPECTED = re.compile(r"(?:#|//|/\*)\s*expect:\s*(LS\d{3}(?:\s*,\s*LS\d{3})*)")


def name_of(case: Path) -> str:
    return case.relative_to(CORPUS).as_posix()


def files_of(case: Path) -> list[Path]:
    return sorted(path for path in case.rglob("*") if path.is_file()) if case.is_dir() else [case]


@cache
def review_of_corpus() -> Report:
    """Return the report on all cases as one program."""
    return review([CORPUS])


@cache
def planted(case: Path) -> frozenset[tuple[str, int, str]]:
    return frozenset(
        (str(path), number, rule.strip())
        for path in files_of(case)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in EXPECTED.finditer(line)
        for rule in match[1].split(",")
    )
