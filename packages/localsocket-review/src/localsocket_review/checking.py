"""Asking rules about a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from localsocket_review.analysis.facts import Facts
from localsocket_review.apis.tables import Tables
from localsocket_review.breakdown import HOW_TO_REPORT, described, reviewed_place, whole_trace
from localsocket_review.findings import Category, Confidence, Finding
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Unit
from localsocket_review.rules.rule import Rule
from localsocket_review.time_limit import ThoughtTooLong, time_limit

SECONDS_PER_RULE = 120.0
# As with C of before 1989, or macros that stand for whole loops: most code has one error in 100 to 5,000 lines.
_SOME = 3  # how many files are named
_MANY_ERRORS, _LINES_PER_ERROR = 20, 40


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What a rule has found; `failure` says why it did not come to its end, `trace` where in the reviewer."""

    rule: str
    findings: tuple[Finding, ...]
    failure: str = ""
    trace: str = ""


class Checker:
    """The program that rules are asked about, one after the other."""

    def __init__(self, units: Sequence[Unit], seconds: float = SECONDS_PER_RULE, tables: Tables | None = None) -> None:
        self._units = [unit for unit in units if not unit.unread]
        self._tables = tables
        self._facts: Facts | None = None
        self._seconds = seconds
        self._half_read = {unit.path for unit in self._units if _is_half_read(unit)}

    def ask(self, rule: Rule) -> RuleOutcome:
        """Return the rule's findings, or as many as there were when it met its limits or failed. Nothing is raised."""
        findings: list[Finding] = []
        failure = trace = ""
        try:
            with time_limit(self._seconds):
                findings.extend(self._weighed(finding, rule) for finding in rule.check(self._known_facts()))
        except ThoughtTooLong:
            failure = f"which took longer than {self._seconds:g} s"
        except (Exception, SystemExit) as error:
            failure, trace = self._why(error, rule), whole_trace(error)
        if failure:
            self._facts = None  # what was interrupted may have been left half known
        return RuleOutcome(rule.id, tuple(findings), failure, trace)

    def _known_facts(self) -> Facts:
        """Return the facts, made when they are first asked for: what fails in making them fails with a rule."""
        if self._facts is None:
            program = Program(self._units)
            self._facts = Facts(program) if self._tables is None else Facts(program, self._tables)
        return self._facts

    def _why(self, error: BaseException, rule: Rule) -> str:
        place = reviewed_place(error)
        where = f" at {place}" if place is not None else ""
        match error:
            case RecursionError():
                return f"which met code that is nested too deeply{where}"
            case MemoryError():
                return f"which ran out of memory{where}"
        advice = f"fix the rule, in {rule.origin}; --debug prints more" if rule.origin else HOW_TO_REPORT
        return f"which failed{where or self._somewhere} ({described(error)}): {advice}"

    @property
    def _somewhere(self) -> str:
        """Where a rule failed that looked at nothing yet: in one of these files."""
        names = [unit.path for unit in self._units]
        more = f" and {len(names) - _SOME} more" if len(names) > _SOME else ""
        return f" in {', '.join(names[:_SOME])}{more}" if names else ""

    def _weighed(self, finding: Finding, rule: Rule) -> Finding:
        """Return the finding; where much of its file was not understood, what it rests on may be there unseen."""
        if finding.rule != rule.id:
            raise ValueError(f"a finding of {finding.rule}, by {rule.id}")
        if finding.place.file not in self._half_read or finding.category is not Category.SECURITY:
            return finding
        return replace(finding, confidence=Confidence.LOW)


def _is_half_read(unit: Unit) -> bool:
    lines = unit.source.count("\n")
    if unit.half_read:
        return True
    return unit.parse_errors >= _MANY_ERRORS and unit.parse_errors * _LINES_PER_ERROR > lines
