"""Asking rules about a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from localsocket_review.analysis.facts import Facts
from localsocket_review.findings import Category, Confidence, Finding
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Unit
from localsocket_review.rules.rule import Rule
from localsocket_review.time_limit import ThoughtTooLong, time_limit

SECONDS_PER_RULE = 120.0
# As with C of before 1989, or macros that stand for whole loops: most code has one error in 100 to 5,000 lines.
_MANY_ERRORS, _LINES_PER_ERROR = 20, 40


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rule has found; `failure` says why it did not come to its end."""

    rule: str
    findings: tuple[Finding, ...]
    failure: str = ""


class Checker:
    """The program that rules are asked about, one after the other."""

    def __init__(self, units: Sequence[Unit], seconds: float = SECONDS_PER_RULE) -> None:
        self._program = Program([unit for unit in units if not unit.unread])
        self._facts = Facts(self._program)
        self._seconds = seconds
        self._half_read = {unit.path for unit in self._program.units if _is_half_read(unit)}

    def ask(self, rule: Rule) -> Answer:
        """Return the rule's findings, or as many as there were when it met its limits."""
        findings: list[Finding] = []
        failure = ""
        try:
            with time_limit(self._seconds):
                findings.extend(self._weighed(finding) for finding in rule.check(self._facts))
        except RecursionError:
            failure = "which met code that is nested too deeply"
        except ThoughtTooLong:
            failure = f"which took longer than {self._seconds:g} s"
        if failure:
            self._facts = Facts(self._program)  # what was interrupted may have been left half known
        return Answer(rule.id, tuple(findings), failure)

    def _weighed(self, finding: Finding) -> Finding:
        """Return the finding; where much of its file was not understood, what it rests on may be there unseen."""
        if finding.place.file not in self._half_read or finding.category is not Category.SECURITY:
            return finding
        return replace(finding, confidence=Confidence.LOW)


def _is_half_read(unit: Unit) -> bool:
    lines = unit.source.count("\n")
    return unit.parse_errors >= _MANY_ERRORS and unit.parse_errors * _LINES_PER_ERROR > lines
