"""The one shape of all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from localsocket_review.analysis.carried_data import Trace
from localsocket_review.analysis.facts import Facts
from localsocket_review.findings import Category, Confidence, Evidence, Finding, Severity
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Language

# Of longer ways hardly one was true in programs that nobody here wrote (docs/review-on-real-code.md): somewhere on them
# a whole object is taken for the part of it that a peer sent.
_LONGEST_CERTAIN_WAY = 6


@dataclass(frozen=True, slots=True)
class Example:
    """Code with the defect, and the same code without it."""

    language: Language
    bad: str
    good: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: what it explains, and how it checks.

    `why` says what can happen, `repair` in one line what to do; `unless` lists the cases that look like the defect but
    are not, each with a negative example in the corpus. If a rule `follows_data`, its evidence is the path of a value,
    step by step. `origin` says where a user's own rule comes from.
    """

    id: str
    title: str
    severity: Severity
    cwe: str | None
    why: str
    repair: str
    unless: tuple[str, ...]
    examples: tuple[Example, ...]
    check: Callable[[Facts], Iterator[Finding]]
    follows_data: bool = False
    origin: str = ""

    @property
    def category(self) -> Category:
        return _CATEGORIES[self.id[-3]]

    @property
    def languages(self) -> tuple[Language, ...]:
        return tuple(example.language for example in self.examples)

    def finding(
        self,
        place: Place,
        message: str,
        evidence: Iterable[Evidence | tuple[Place, str]] = (),
        *,
        severity: Severity | None = None,
        confidence: Confidence = Confidence.HIGH,
        repair: str = "",
        cwe: str | None = None,
    ) -> Finding:
        """Make a finding of this rule; everything you leave out is as the rule says."""
        steps = tuple(one if isinstance(one, Evidence) else Evidence(*one) for one in evidence)
        if (self.follows_data and len(steps) > _LONGEST_CERTAIN_WAY) or any(step.is_guess for step in steps):
            confidence = min(confidence, Confidence.LOW)
        return Finding(
            self.id,
            self.category,
            self.severity if severity is None else severity,
            confidence,
            cwe or self.cwe,
            place,
            message,
            repair or self.repair,
            steps,
        )


def steps_of(trace: Trace) -> list[Evidence]:
    """Return the way of what a peer sent as evidence."""
    return [Evidence(step.place, step.note, step.is_guess) for step in trace]


_CATEGORIES = {
    "1": Category.SECURITY,
    "2": Category.RELIABILITY,
    "3": Category.PERFORMANCE,
    "4": Category.MAINTAINABILITY,
}
