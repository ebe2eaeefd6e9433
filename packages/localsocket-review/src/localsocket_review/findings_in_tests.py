"""What is found in the tests of a tree: notes, one for each rule, since nobody connects to a test but the test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from localsocket_review.findings import Evidence, Finding, Severity

_FOLDERS = frozenset({"test", "tests", "_tests", "testsuite", "autotests", "unittests"})
_FILES = re.compile(
    r"(?:test_\w+|\w+_tests?|conftest|tests)\.py|(?:tst_\w+|[\w-]+[_-]tests?|test[_-][\w-]+)\.(?:c|cc|cpp|cxx)"
)


def told_together(findings: Iterable[Finding], roots: Sequence[Path], files: Sequence[Path]) -> list[Finding]:
    """Make notes of what was found in the tests of the trees that were given, those of a rule one note.

    Where tests are all that a tree has, or a test is named itself, its findings stand as they are.
    """
    tests = {str(path) for path in files if is_test(path, roots)}
    if len(tests) == len(files):
        tests = set()
    remaining: list[Finding] = []
    in_tests: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.place.file in tests:
            in_tests.setdefault(finding.rule, []).append(finding)
        else:
            remaining.append(finding)
    return [*remaining, *map(_as_note, in_tests.values())]


def is_test(path: Path, roots: Sequence[Path]) -> bool:
    """Say whether a file is a test by its place or name below the tree in which it was found."""
    for root in roots:
        if path != root and path.is_relative_to(root):
            below = path.relative_to(root)
            return not _FOLDERS.isdisjoint(below.parts[:-1]) or _FILES.fullmatch(below.name) is not None
    return False


def _as_note(found: Sequence[Finding]) -> Finding:
    first = found[0]
    if len(found) == 1:
        return replace(first, severity=Severity.NOTE, message=f"In a test: {first.message}")
    places = tuple(Evidence(one.place, "in a test") for one in found)
    message = f"In tests, {len(found)} times. The first: {first.message}"
    return replace(first, severity=Severity.NOTE, message=message, evidence=places)
