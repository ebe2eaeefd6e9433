"""What a project's settings make of findings: rules that it does not want in some files, and other severities."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from localsocket_review.findings import Finding, Severity, Silenced
from localsocket_review.reading.patterns import Patterns


@dataclass(frozen=True, slots=True)
class Policy:
    """What one file says, `source`: `folder` is where it stands, and rules are named by what their ids begin with."""

    folder: Path = field(default_factory=Path.cwd)
    source: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[Patterns, tuple[str, ...]], ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)

    def wants(self, rule: str) -> bool:
        return (not self.select or rule.startswith(self.select)) and not (self.ignore and rule.startswith(self.ignore))

    def ignores_in(self, finding: Finding) -> bool:
        """Say whether the rule is not wanted in the file of the finding."""
        whole = Path(os.path.abspath(finding.place.file))
        near = whole.relative_to(self.folder) if whole.is_relative_to(self.folder) else Path(finding.place.file)
        ways = (near, *near.parents[:-1])
        return any(
            finding.rule.startswith(rules) and any(patterns.decide(way.as_posix(), way != near) for way in ways)
            for patterns, rules in self.per_file_ignores
        )

    def severity_of(self, rule: str) -> Severity | None:
        """Return what the longest beginning of the rule's id says."""
        fitting = [beginning for beginning in self.severities if rule.startswith(beginning)]
        return self.severities[max(fitting, key=len)] if fitting else None

    def weighed(self, finding: Finding) -> Finding:
        """Return the finding with the severity that its rule has here; a note remains a note, which is no defect."""
        severity = self.severity_of(finding.rule)
        if severity is None or finding.severity is Severity.NOTE:
            return finding
        return replace(finding, severity=severity)


@dataclass(frozen=True, slots=True)
class Judged:
    """The findings that are told, those that settings silence, and those of rules that are not asked for here."""

    told: tuple[Finding, ...]
    silenced: tuple[Silenced, ...]
    unwanted: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Policies:
    """The policy of each path that was given; a file follows that of the nearest path around it."""

    of_paths: tuple[tuple[Path, Policy], ...] = ()

    def of(self, file: str) -> Policy | None:
        whole = Path(os.path.abspath(file))
        around = [pair for pair in self.of_paths if whole.is_relative_to(pair[0])]
        return max(around, key=lambda pair: len(pair[0].parts))[1] if around else None

    def judge(self, findings: Iterable[Finding]) -> Judged:
        told: list[Finding] = []
        silenced: list[Silenced] = []
        unwanted: list[Finding] = []
        for finding in findings:
            policy = self.of(finding.place.file)
            if policy is None:
                told.append(finding)
            elif not policy.wants(finding.rule):
                unwanted.append(finding)
            elif policy.ignores_in(finding):
                reason = f"per-file-ignores of {policy.source}"
                silenced.append(Silenced(policy.weighed(finding), reason, is_by_comment=False))
            else:
                told.append(policy.weighed(finding))
        return Judged(tuple(told), tuple(silenced), tuple(unwanted))


def starts_of(selectors: Sequence[str]) -> tuple[str, ...]:
    """Return ids of rules and their beginnings in capitals, out of words that may hold several with commas."""
    return tuple(word.strip().upper() for selector in selectors for word in selector.split(",") if word.strip())
