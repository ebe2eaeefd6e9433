"""Telling less than was found: what is new, or what some files have a part in. What is not told is counted."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from localsocket_review.findings import Finding, Silenced
from localsocket_review.report.report import Gone, Untold


@dataclass(frozen=True, slots=True)
class Scope:
    """What a review has looked at: by which rules, below which paths, and what of it could not be read."""

    rules: frozenset[str]
    roots: tuple[str, ...]
    unread: frozenset[str]

    def covers(self, rule: str, file: str) -> bool:
        """Say whether a finding of the rule in the file would have been found, were it there."""
        path = absolute(file)
        return _is_below(path, self.roots) and rule in self.rules and path not in self.unread


def absolute(file: str | Path) -> str:
    return os.path.abspath(file)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What remains to be told, what is not told, and what is not there any more."""

    told: tuple[Finding, ...]
    untold: tuple[Untold, ...] = ()
    gone: tuple[Gone, ...] = ()


class Narrower(Protocol):
    """One reason to tell less."""

    def narrow(self, findings: Sequence[Finding], silenced: Sequence[Silenced], scope: Scope) -> Narrowed: ...


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """A finding of another time: what it is known by, and what was said of it."""

    rule: str
    fingerprint: str
    file: str
    message: str


@dataclass(frozen=True, slots=True)
class Known:
    """Findings of another time, each of which stands for one of now. `why` ends the sentence `2 findings …`."""

    findings: tuple[KnownFinding, ...]
    why: str
    since: str

    def narrow(self, findings: Sequence[Finding], silenced: Sequence[Silenced], scope: Scope) -> Narrowed:
        """Leave out what was known, as often as it was; tell what is gone of what would have been found."""
        left: defaultdict[str, list[KnownFinding]] = defaultdict(list)
        for known in self.findings:
            left[known.fingerprint].append(known)
        taken = set()
        # Those in the same file first: of two that are alike, the one that was copied elsewhere is new.
        for is_near in (True, False):
            for finding in findings:
                if finding not in taken and _is_taken(finding, left, is_near):
                    taken.add(finding)
            for one in silenced:
                _is_taken(one.finding, left, is_near)
        gone = [known for group in left.values() for known in group if scope.covers(known.rule, known.file)]
        return Narrowed(
            tuple(one for one in findings if one not in taken),
            untold([one for one in findings if one in taken], self.why),
            tuple(Gone(one.rule, one.file, one.message, self.since) for one in gone),
        )


def _is_taken(finding: Finding, left: dict[str, list[KnownFinding]], is_near: bool) -> bool:
    """Let the finding take one of those that were known, if there is one."""
    for known in left.get(finding.fingerprint, ()):
        if not is_near or absolute(known.file) == absolute(finding.place.file):
            left[finding.fingerprint].remove(known)
            return True
    return False


@dataclass(frozen=True, slots=True)
class ConcernsFiles:
    """Tell what has one of its places in these files, or below these folders."""

    paths: tuple[Path, ...]

    def narrow(self, findings: Sequence[Finding], silenced: Sequence[Silenced], scope: Scope) -> Narrowed:
        named = tuple(map(absolute, self.paths))
        told = [one for one in findings if any(_is_below(place.file, named) for place in one.places)]
        return Narrowed(tuple(told), untold([one for one in findings if one not in told], "in other files"))


def _is_below(file: str, paths: Sequence[str]) -> bool:
    path = absolute(file)
    return any(path == one or path.startswith(one.rstrip("/") + "/") for one in paths)


class Recorder:
    """Keeps what is found, to be written down, and leaves nothing out."""

    def __init__(self) -> None:
        self.findings: tuple[Finding, ...] = ()

    def narrow(self, findings: Sequence[Finding], silenced: Sequence[Silenced], scope: Scope) -> Narrowed:
        self.findings = tuple(findings)
        return Narrowed(self.findings)


def narrowed_by(
    narrowers: Iterable[Narrower], findings: Sequence[Finding], silenced: Sequence[Silenced], scope: Scope
) -> Narrowed:
    """Ask each for what the ones before it have left."""
    told = tuple(findings)
    left_out: list[Untold] = []
    gone: list[Gone] = []
    for narrower in narrowers:
        step = narrower.narrow(told, silenced, scope)
        told = step.told
        left_out.extend(step.untold)
        gone.extend(step.gone)
    return Narrowed(told, tuple(left_out), tuple(gone))


def untold(findings: Sequence[Finding], why: str) -> tuple[Untold, ...]:
    """Count findings that are not told, if there are any."""
    return (Untold(len(findings), sum(one.is_security_defect for one in findings), why),) if findings else ()
