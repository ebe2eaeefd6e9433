"""Comments that silence a rule at a line: `# localsocket: ignore[LS103] the directory is private`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from localsocket_review.findings import Finding, Silenced
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Unit

# Other tools' comments may stand before and behind: `# localsocket: ignore[LS105] why  # more`.
_FORM = re.compile(
    r"(?:^|\s(?:\#|//)\s*)localsocket:\s*ignore\s*(?:\[(?P<rules>[^\]]*)\])?(?P<reason>.*?)(?:\s(?:\#|//)\s.*)?\Z",
    re.DOTALL,
)


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
    for comment in unit.comments:
        match = _FORM.search(comment.text)
        if match is None:
            continue
        rules = frozenset(re.findall(r"\b[A-Z]{2,10}\d{3}\b", match["rules"] or ""))
        last_line = _next_code_line(unit, comment.place.end_line + 1) if comment.stands_alone else comment.place.line
        yield Suppression(comment.place, rules, match["reason"].strip(" -:\t\r\n"), last_line)


def _next_code_line(unit: Unit, line: int) -> int:
    """Return the first line from `line` on that has code, and not only a word to the preprocessor."""
    last = unit.source.count("\n") + 1
    while line <= last and unit.code[unit.span(line, line)].lstrip()[:1] in ("", "#"):
        line += 1
    return line


def apply_suppressions(findings: Iterable[Finding], units: Iterable[Unit]) -> tuple[list[Finding], list[Silenced]]:
    """Return the findings that remain and those that are silenced."""
    valid = [suppression for unit in units for suppression in suppressions_in(unit) if suppression.is_valid]
    remaining: list[Finding] = []
    silenced: list[Silenced] = []
    for finding in findings:
        covering = next((suppression for suppression in valid if suppression.covers(finding)), None)
        if covering is None:
            remaining.append(finding)
        else:
            silenced.append(Silenced(finding, covering.reason))
    return remaining, silenced
