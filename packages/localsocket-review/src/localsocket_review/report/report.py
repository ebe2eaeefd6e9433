"""A review's result: the verdict, the findings in their order, and what was not checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from localsocket_review.findings import Category, Finding, Silenced

CLEAN_VERDICT = "No security defects are detected in the code."
_ORDER = (Category.SECURITY, Category.RELIABILITY, Category.PERFORMANCE, Category.MAINTAINABILITY)


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule, or the reader of a file, that did not come to its end: why, and where in the reviewer if it failed."""

    what: str
    why: str
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is told: `findings` are in the order of their numbers."""

    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...]
    files: int
    lines: int
    silenced: tuple[Silenced, ...] = ()
    failed_rules: tuple[Failure, ...] = ()
    sources: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def security_defects(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.is_security_defect]

    @property
    def traces(self) -> list[str]:
        """Where in the reviewer something failed; limits that were met have no trace."""
        return [failure.trace for failure in self.failed_rules if failure.trace]

    @property
    def verdict(self) -> str:
        """The first line: no defects, or their weaknesses, the most severe first."""
        defects = self.security_defects
        if not defects:
            return self._nothing_found
        counts = Counter(finding.cwe or finding.rule for finding in defects)
        worst = {name: max(one.severity for one in defects if (one.cwe or one.rule) == name) for name in counts}
        ordered = sorted(counts, key=lambda name: (-worst[name], -counts[name], name))
        return "Security defects: " + ", ".join(f"{name} ({counts[name]})" for name in ordered)

    @property
    def _nothing_found(self) -> str:
        if not self.failed_rules:
            return CLEAN_VERDICT
        number = len(self.failed_rules)
        return f"No security defects are detected by the rules that came to their end; {number} did not."

    def in_category(self, category: Category) -> list[tuple[int, Finding]]:
        """Return the category's findings with their numbers."""
        return [(number, one) for number, one in enumerate(self.findings, 1) if one.category is category]


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings by category, the most severe first, each once for a rule and line."""
    ranked = sorted(
        findings,
        key=lambda one: (_ORDER.index(one.category), not one.is_security_defect, -one.severity, one.rule, one.place),
    )
    unique: dict[tuple[str, str, int], Finding] = {}
    for finding in ranked:
        unique.setdefault((finding.rule, finding.place.file, finding.place.line), finding)
    return tuple(unique.values())


def counted(number: int, thing: str) -> str:
    """Return `1 file`, `1,234 lines`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
