"""What is found in the tests of a tree: one note, since nobody connects to a test but the test."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from localsocket_review.findings import Evidence, Finding, Severity

_FOLDERS = frozenset({"test", "tests", "_tests", "testsuite", "autotests", "unittests"})
_FILES = re.compile(
    r"(?:test_\w+|\w+_tests?|conftest|tests)\.py|(?:tst_\w+|[\w-]+[_-]tests?|test[_-][\w-]+)\.(?:c|cc|cpp|cxx)"
)
_NAMED = 3  # rules that the note names, so that it stays one short sentence
_REPAIR = "review the tests by themselves, as `localsocket-review tests` does, to have each finding told"


def told_together(findings: Iterable[Finding], roots: Sequence[Path], files: Sequence[Path]) -> list[Finding]:
    """Make one note of all that was found in the tests of the trees that were given.

    Where tests are all that a tree has, or a test is named itself, its findings stand as they are.
    """
    tests = {str(path) for path in files if is_test(path, roots)}
    if len(tests) == len(files):
        tests = set()
    findings = list(findings)
    remaining = [finding for finding in findings if finding.place.file not in tests]
    in_tests = [finding for finding in findings if finding.place.file in tests]
    return [*remaining, _as_note(in_tests)] if in_tests else remaining


def is_test(path: Path, roots: Sequence[Path]) -> bool:
    """Say whether a file is a test by its place or name below the tree in which it was found."""
    for root in roots:
        if path != root and path.is_relative_to(root):
            below = path.relative_to(root)
            return not _FOLDERS.isdisjoint(below.parts[:-1]) or _FILES.fullmatch(below.name) is not None
    return False


def _as_note(found: Sequence[Finding]) -> Finding:
    """Return the worst as a note that tells of all, and names the worst place of each rule."""
    by_weight = sorted(found, key=lambda one: (-one.severity, -one.confidence, one.rule, one.place))
    worst = by_weight[0]
    if len(found) == 1:
        return replace(worst, severity=Severity.NOTE, message=f"In a test: {worst.message}")
    counts = Counter(one.rule for one in by_weight)
    worst_of_each = {one.rule: one for one in reversed(by_weight)}
    places = tuple(Evidence(worst_of_each[rule].place, _times(rule, count)) for rule, count in counts.items())
    named = ", ".join(_times(rule, count) for rule, count in [*counts.items()][:_NAMED])
    more = f" and {len(counts) - _NAMED} more rules" if len(counts) > _NAMED else ""
    message = f"Tests have {len(found)} findings, which do not count: {named}{more}."
    return replace(worst, severity=Severity.NOTE, message=message, repair=_REPAIR, evidence=places, fingerprint="")


def _times(rule: str, count: int) -> str:
    return rule if count == 1 else f"{rule} {count} times"
