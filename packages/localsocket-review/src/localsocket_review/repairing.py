"""Repairing: what the text of a program becomes by repairs that need no thought, reviewed before it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType

from localsocket_review.findings import Finding
from localsocket_review.reading.files import Unreadable, language_of, load
from localsocket_review.repairs.edits import Edit, Repair, collides, edited
from localsocket_review.repairs.syntax import Syntax
from localsocket_review.repairs.table import MECHANISMS, defects_of, repair_of
from localsocket_review.report.report import Report

Drafts = Mapping[str, bytes]  # by the path of a file, what shall stand in it
Review = Callable[[Drafts], Report]
_NOTHING: Drafts = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Repaired:
    """The repairs that hold, those that do not, and what the files become: nothing is written yet.

    `before` is what stands in each of these files now.
    """

    made: tuple[Repair, ...] = ()
    refused: tuple[Repair, ...] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict)
    before: Mapping[str, bytes] = field(default_factory=dict)


def repaired(findings: Iterable[Finding], review: Review, texts: Drafts = _NOTHING) -> Repaired:
    """Repair findings as far as it can be done. Files are read, and none is written.

    `texts` are what stands in files that an editor has not written yet. `review` reviews the whole program with some
    files as drafts. What becomes of each repair is reviewed: one whose
    finding stays, or that brings another one or a file that is not understood, is refused.
    """
    files = cache(partial(_syntax, texts))
    proposed: list[Repair] = []
    for finding in findings:
        repair = repair_of(finding, files)
        taken = [edit for one in proposed for edit in one.edits]
        if repair is not None and not collides(repair.edits, taken):
            proposed.append(repair)
    if not proposed:
        return Repaired()
    trial = _Trial(review, lambda file: _data(files(file)))
    made = trial.those_that_hold(proposed)
    contents = trial.drafts(made)
    refused = tuple(one for one in proposed if one not in made)
    return Repaired(tuple(made), refused, contents, {file: _data(files(file)) for file in contents})


def proposals(findings: Iterable[Finding]) -> dict[Finding, Repair]:
    """Return a repair for each finding that has one, without trying what becomes of it, as `--fix` does."""
    files = cache(partial(_syntax, {}))
    found = ((finding, repair_of(finding, files)) for finding in findings)
    return {finding: repair for finding, repair in found if repair is not None}


def _syntax(texts: Drafts, file: str) -> Syntax | None:
    """Return the syntax of a file, or nothing for one that is not in UTF-8: its places are not those of its bytes."""
    try:
        path = Path(file)
        language, data = language_of(path), texts[file] if file in texts else load(path)
        data.decode("utf-8")
    except (Unreadable, UnicodeDecodeError):
        return None
    # The places of the first line of a file with a mark are counted behind it.
    return None if data.startswith(b"\xef\xbb\xbf") else Syntax(file, data, language)


def _data(syntax: Syntax | None) -> bytes:
    assert syntax is not None  # it has been edited
    return syntax.data


class _Trial:
    """What becomes of a program by repairs, compared with what it is."""

    def __init__(self, review: Review, data: Callable[[str], bytes]) -> None:
        self._review = review
        self._data = data
        self._before = review({})

    def drafts(self, repairs: Iterable[Repair]) -> dict[str, bytes]:
        """Return what stands in each file that the repairs change."""
        edits: dict[str, list[Edit]] = {}
        for edit in (edit for repair in repairs for edit in repair.edits):
            edits.setdefault(edit.file, []).append(edit)
        return {file: edited(self._data(file), some) for file, some in edits.items()}

    def those_that_hold(self, proposed: Sequence[Repair]) -> list[Repair]:
        """Return the repairs that hold, tried all at once, and one by one in files where not all do."""
        worse = self._worse_files(proposed)
        held = [one for one in proposed if not _files(one) & worse]
        for repair in (one for one in proposed if _files(one) & worse):
            if not self._worse_files([*held, repair]):
                held.append(repair)
        return held if not worse or not self._worse_files(held) else []

    def _worse_files(self, repairs: Sequence[Repair]) -> set[str]:
        """Return the files in which more is found than without the repairs, or a repaired defect is still found."""
        if not repairs:
            return set()
        after = self._review(self.drafts(repairs))
        allowed = _defects(self._before.findings)
        for rule, place in ((one.finding.rule, place) for one in repairs for place in one.places):
            allowed[rule, place.file] -= 1
            allowed.update((uncovered, place.file) for uncovered in MECHANISMS[rule].uncovers)
        worse = {file for (rule, file), number in _defects(after.findings).items() if number > allowed[rule, file]}
        return worse | {one.file for one in set(after.not_reviewed) - set(self._before.not_reviewed)}


def _files(repair: Repair) -> set[str]:
    return {repair.finding.place.file} | {edit.file for edit in repair.edits}


def _defects(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    return Counter((one.rule, place.file) for one in findings for place in defects_of(one))
