"""Where a finding stands, as programs are told it: the path from the directory of the review, columns in characters."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from localsocket_review.findings import Finding
from localsocket_review.model.place import Place
from localsocket_review.report.columns import character_column, line_of
from localsocket_review.report.report import Report

_LETTERS = 32


class Stretch(NamedTuple):
    """Lines and columns that count from 1; the end column is just behind the last character."""

    line: int
    column: int
    end_line: int
    end_column: int


def stretch_of(place: Place, report: Report) -> Stretch:
    source = report.sources.get(place.file, "")
    column = character_column(line_of(source, place.line), place.column)
    if not place.end_line:
        return Stretch(place.line, column, place.line, column)
    end = character_column(line_of(source, place.end_line), place.end_column)
    return Stretch(place.line, column, place.end_line, end)


def path_below(file: str, root: Path) -> str:
    """Return the path from `root` with slashes, or the whole one of a file elsewhere."""
    whole, around = Path(os.path.abspath(file)), Path(os.path.abspath(root))
    return (whole.relative_to(around) if whole.is_relative_to(around) else whole).as_posix()


class Identities:
    """A name for each finding that stays when lines are added above, and that no two findings of a report share."""

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str]] = Counter()

    def of(self, finding: Finding, path: str) -> str:
        name = finding.fingerprint or finding.rule
        self._seen[path, name] += 1
        parts = (finding.rule, path, name, str(self._seen[path, name]))
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:_LETTERS]
