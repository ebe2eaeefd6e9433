"""Comments that silence a rule at a line: `# localsocket: ignore[LS103] the directory is private`."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
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


@dataclass(frozen=True, slots=True)
class Applied:
    """The findings that remain, those that are silenced, and at which places which rules are silenced for nothing."""

    remaining: tuple[Finding, ...]
    silenced: tuple[Silenced, ...]
    unused: tuple[tuple[Place, tuple[str, ...]], ...]


def apply_suppressions(findings: Iterable[Finding], units: Iterable[Unit], asked: Container[str] = ()) -> Applied:
    """Silence findings. Only a rule that was `asked`, and came to its end, can have nothing to silence."""
    valid = [suppression for unit in units for suppression in suppressions_in(unit) if suppression.is_valid]
    remaining: list[Finding] = []
    silenced: list[Silenced] = []
    used: set[tuple[Suppression, str]] = set()
    for finding in findings:
        covering = [suppression for suppression in valid if suppression.covers(finding)]
        used.update((suppression, finding.rule) for suppression in covering)
        if covering:
            silenced.append(Silenced(finding, covering[0].reason))
        else:
            remaining.append(finding)
    unused = (
        (one.place, tuple(sorted(rule for rule in one.rules if rule in asked and (one, rule) not in used)))
        for one in valid
    )
    return Applied(tuple(remaining), tuple(silenced), tuple((place, rules) for place, rules in unused if rules))
