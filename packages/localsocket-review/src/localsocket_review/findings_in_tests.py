"""What is found in the tests of a tree: counted, and not told, since nobody connects to a test but the test."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from localsocket_review.findings import Finding

_FOLDERS = frozenset({"test", "tests", "_tests", "testsuite", "autotests", "unittests"})
_FILES = re.compile(
    r"(?:test_\w+|\w+_tests?|conftest|tests)\.py|(?:tst_\w+|[\w-]+[_-]tests?|test[_-][\w-]+)\.(?:c|cc|cpp|cxx)"
)
_NAMED = 3  # rules that are named, so that it stays one short line


def outside_of_tests(
    findings: Iterable[Finding], roots: Sequence[Path], files: Sequence[Path]
) -> tuple[list[Finding], list[Finding]]:
    """Part what was found elsewhere from what was found in the tests of the trees that were given.

    Where tests are all that a tree has, or a test is named itself, its findings count as all others do.
    """
    tests = {str(path) for path in files if is_test(path, roots)}
    if len(tests) == len(files):
        tests = set()
    findings = list(findings)
    return (
        [finding for finding in findings if finding.place.file not in tests],
        [finding for finding in findings if finding.place.file in tests],
    )


def why_untold(in_tests: Sequence[Finding]) -> str:
    """Return what ends the sentence `3 findings …`: which rules told them, the worst first."""
    by_weight = sorted(in_tests, key=lambda one: (-one.severity, -one.confidence, one.rule))
    counts = Counter(one.rule for one in by_weight)
    named = [rule if count == 1 else f"{rule} {count} times" for rule, count in counts.items()]
    more = f" and {len(named) - _NAMED} more rules" if len(named) > _NAMED else ""
    return f"in tests, which are shown when tests are reviewed by themselves: {', '.join(named[:_NAMED])}{more}"


def is_test(path: Path, roots: Sequence[Path]) -> bool:
    """Say whether a file is a test by its place or name below the tree in which it was found."""
    for root in roots:
        if path != root and path.is_relative_to(root):
            return _is_named_so(path.relative_to(root))
    return False


def is_test_of(path: Path, other: Path) -> bool:
    """Say whether a file is a test, and another one, which is perhaps tested by it, is none beside it."""
    common = next((parent for parent in path.parents if other.is_relative_to(parent)), None)
    if common is None:
        return False
    return _is_named_so(path.relative_to(common)) and not _is_named_so(other.relative_to(common))


def _is_named_so(below: Path) -> bool:
    return not _FOLDERS.isdisjoint(below.parts[:-1]) or _FILES.fullmatch(below.name) is not None
