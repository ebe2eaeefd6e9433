"""A review's result: the verdict, the findings in their order, and what was not checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from localsocket_review.findings import Category, Finding, Severity, Silenced

CLEAN_VERDICT = "No security defects are detected in the code."
_ORDER = (Category.SECURITY, Category.RELIABILITY, Category.PERFORMANCE, Category.MAINTAINABILITY)


@dataclass(frozen=True, slots=True)
class NotReviewed:
    """A file that was to be reviewed and could not be, or not wholly: why, and whether it was named or found."""

    file: str
    reason: str
    is_named: bool = False
    trace: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """A rule that did not come to its end: why, and where in the reviewer if it failed."""

    what: str
    why: str
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Untold:
    """How many findings are there and are not told, how many of them are security defects, and why."""

    findings: int
    defects: int
    why: str

    def __str__(self) -> str:
        return f"{counted(self.findings, 'finding')} {self.why}"


@dataclass(frozen=True, slots=True)
class Gone:
    """A finding that was there `since` and is no more."""

    rule: str
    file: str
    message: str
    since: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is told: `findings` are in the order of their numbers.

    `files` were to be reviewed, and those that are not in `not_reviewed` were, with so many `lines`. `not_checked` says
    in sentences what the report does not speak of, these files among it. `left_out` counts what trees hold besides, and
    `rules_left_out` are the security rules that whoever asked did not want. `untold` counts what was found and is not
    among the findings, because it is not new or concerns other files; `gone` is what a change has removed. `unused` are
    findings about suppressions that silence nothing, for who asks for them.
    """

    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...]
    files: int
    lines: int
    silenced: tuple[Silenced, ...] = ()
    not_reviewed: tuple[NotReviewed, ...] = ()
    failed_rules: tuple[RuleFailure, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    rules_left_out: tuple[str, ...] = ()
    unused: tuple[Finding, ...] = ()
    untold: tuple[Untold, ...] = ()
    gone: tuple[Gone, ...] = ()
    sources: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def security_defects(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.is_security_defect]

    @property
    def bad_suppressions(self) -> list[Finding]:
        """Comments that are to silence a rule and do not say which, or why: an error, as a defect is."""
        return [one for one in self.findings if one.rule == "LS400" and one.severity is Severity.HIGH]

    @property
    def traces(self) -> list[str]:
        """Where in the reviewer something failed; limits that were met have no trace."""
        traces = (*(one.trace for one in self.not_reviewed), *(one.trace for one in self.failed_rules))
        return [trace for trace in traces if trace]

    @property
    def reviewed_files(self) -> int:
        return self.files - len(self.not_reviewed)

    @property
    def is_complete(self) -> bool:
        """Say whether all that was given was read, and by every rule."""
        return self.reviewed_files > 0 and not self.not_reviewed and not self.failed_rules

    @property
    def fell_short(self) -> bool:
        """Say whether nothing was read, or a file that was named was not, or a rule failed."""
        is_named_one_missing = any(one.is_named for one in self.not_reviewed)
        return self.reviewed_files == 0 or is_named_one_missing or bool(self.failed_rules)

    @property
    def verdict(self) -> str:
        """The first line: no defects, or their weaknesses, the most severe first, and what could not be read."""
        defects = self.security_defects
        if self.reviewed_files == 0 and not defects:
            return "Nothing was reviewed completely." if self.findings else "Nothing was reviewed."
        if defects and self.is_complete:
            return f"Security defects: {_weaknesses(defects)}{self._not_shown}"
        found = f"Security defects: {_weaknesses(defects)}" if defects else self._nothing_found
        return f"{found} {self._extent}{self._not_shown}."

    @property
    def _nothing_found(self) -> str:
        return f"No {'further ' if self._not_shown else ''}security defects are detected"

    @property
    def _not_shown(self) -> str:
        """Return what security defects there are that are not told, since without it a clean verdict were none."""
        hidden = [f"{one.defects:,} {one.why}" for one in self.untold if one.defects]
        return f"; not shown: {', '.join(hidden)}" if hidden else ""

    @property
    def _extent(self) -> str:
        """Return in what something was found or not: `in the code`, `in the 41 files that were read; 2 could not`."""
        failed = len(self.failed_rules)
        if self.is_complete:
            return "by the rules that were selected" if self.rules_left_out else "in the code"
        if not self.not_reviewed:
            return f"by the rules that finished; {failed} did not"
        unread = f"{len(self.not_reviewed):,} could not"
        if failed:
            unread += f", and {counted(failed, 'rule')} did not finish"
        return f"in the {counted(self.reviewed_files, 'file')} that could be read; {unread}"

    @property
    def silences(self) -> list[str]:
        """How many findings are silenced, and by what."""
        by_comment = sum(one.is_by_comment for one in self.silenced)
        by_settings = len(self.silenced) - by_comment
        counts = ((by_comment, "silenced by comments"), (by_settings, "silenced by settings"))
        return [f"{number} {what}" for number, what in counts if number]

    def in_category(self, category: Category) -> list[tuple[int, Finding]]:
        """Return the category's findings with their numbers."""
        return [(number, one) for number, one in enumerate(self.findings, 1) if one.category is category]


def _weaknesses(defects: Sequence[Finding]) -> str:
    counts = Counter(finding.cwe or finding.rule for finding in defects)
    worst = {name: max(one.severity for one in defects if (one.cwe or one.rule) == name) for name in counts}
    ordered = sorted(counts, key=lambda name: (-worst[name], -counts[name], name))
    return ", ".join(f"{name} ({counts[name]})" for name in ordered)


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
