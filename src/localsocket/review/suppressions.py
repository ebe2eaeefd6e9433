"""Comments that silence a rule at a line: `# localsocket: ignore[LS103] the directory is private`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from localsocket.review.findings import Category, Confidence, Finding, Severity
from localsocket.review.model.place import Place
from localsocket.review.model.unit import Unit

_FORM = re.compile(r"localsocket:\s*ignore\s*(?:\[(?P<rules>[^\]]*)\])?\s*(?P<reason>.*)", re.DOTALL)
BAD_SUPPRESSION = "LS400"


@dataclass(frozen=True, slots=True)
class Suppression:
    """The rules silenced at the lines from `place` to `last_line`, and why."""

    place: Place
    rules: frozenset[str]
    reason: str
    last_line: int

    @property
    def is_valid(self) -> bool:
        return bool(self.rules and self.reason)

    def covers(self, finding: Finding) -> bool:
        same_file = finding.place.file == self.place.file
        return same_file and finding.rule in self.rules and self.place.line <= finding.place.line <= self.last_line


def suppressions_in(unit: Unit) -> Iterator[Suppression]:
    """Yield the suppressions of a file; a comment that stands alone is about the next line of code."""
    lines = unit.source.split("\n")
    for comment in unit.comments:
        match = _FORM.match(comment.text)
        if match is None:
            continue
        rules = frozenset(re.findall(r"LS\d{3}", match["rules"] or ""))
        last_line = _next_code_line(lines, comment.place.end_line) if comment.stands_alone else comment.place.line
        yield Suppression(comment.place, rules, match["reason"].strip(" -:\t\r\n"), last_line)


def _next_code_line(lines: list[str], line: int) -> int:
    while line < len(lines) and (not (text := lines[line].strip()) or text.startswith(("#", "//", "/*", "*"))):
        line += 1
    return line + 1


def apply_suppressions(findings: Iterable[Finding], units: Iterable[Unit]) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that remain and those that are silenced. A suppression without its reason is a finding."""
    known = [suppression for unit in units for suppression in suppressions_in(unit)]
    valid = [suppression for suppression in known if suppression.is_valid]
    remaining: list[Finding] = []
    silenced: list[Finding] = []
    for finding in findings:
        is_covered = any(suppression.covers(finding) for suppression in valid)
        (silenced if is_covered else remaining).append(finding)
    remaining.extend(_complaint(suppression) for suppression in known if not suppression.is_valid)
    return remaining, silenced


def _complaint(suppression: Suppression) -> Finding:
    missing = "does not say why" if suppression.rules else "does not say which rule"
    return Finding(
        BAD_SUPPRESSION,
        Category.MAINTAINABILITY,
        Severity.LOW,
        Confidence.HIGH,
        None,
        suppression.place,
        f"This comment silences nothing: it {missing}.",
        "write `localsocket: ignore[LS103] and the reason`",
    )
