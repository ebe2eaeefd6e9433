"""Reviewing: from paths to a report."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from localsocket_review.apis import built_in
from localsocket_review.apis.tables import Framework, Tables
from localsocket_review.cache import ReportCache, key_of
from localsocket_review.checking import Checker, RuleOutcome
from localsocket_review.findings import Category
from localsocket_review.findings_in_tests import outside_of_tests, why_untold
from localsocket_review.fingerprints import with_fingerprints
from localsocket_review.model.unit import Language, Unit
from localsocket_review.narrowing import Narrower, Scope, absolute, narrowed_by, untold
from localsocket_review.policy import Policies
from localsocket_review.reading.collecting import Collected, Exclusion, survey
from localsocket_review.reading.files import Unreadable, read_file, source_of
from localsocket_review.report.report import NotReviewed, Report, RuleFailure, Untold, in_order
from localsocket_review.rules import all_rules
from localsocket_review.rules.ls400_bad_suppression import unused_suppression
from localsocket_review.rules.rule import Rule
from localsocket_review.suppressions import apply_suppressions
from localsocket_review.workers import Workers, processes_for

_NO_POLICIES = Policies()
_NO_DRAFTS: Mapping[str, bytes] = MappingProxyType({})
_SOME = 3  # how many names stand for many


class OnProgress(Protocol):
    """What is told of a review that goes on: of `total` steps of a kind, so many are done."""

    def __call__(self, work: str, done: int, total: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Additions:
    """What a user adds: frameworks, the files that these and rules come from, and rules that cannot be used.

    `unwanted` are the rules that are left out on purpose, and `weakened` those whose findings the settings call notes;
    the report tells of both.
    """

    frameworks: tuple[Framework, ...] = ()
    files: tuple[Path, ...] = ()
    broken: tuple[RuleFailure, ...] = ()
    unwanted: tuple[Rule, ...] = ()
    weakened: tuple[Rule, ...] = ()

    @property
    def tables(self) -> Tables | None:
        """The built-in tables with those of the user, or none where the user adds no framework."""
        return built_in().with_frameworks(self.frameworks) if self.frameworks else None


def _silent(work: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read, and how: the paths, the rules to ask, what is left out, and what a user adds.

    With more than one of `processes` (None: as many as there are cores, and as are worth it) the others are copies of
    this one, where it can be copied.
    """

    paths: tuple[Path, ...]
    rules: tuple[Rule, ...]
    exclude: tuple[str | Exclusion, ...] = ()
    additions: Additions = Additions()
    processes: int | None = 1
    cache: ReportCache | None = None
    progress: OnProgress = _silent

    def review(self, files: Sequence[Path], drafts: Mapping[str, bytes] = _NO_DRAFTS) -> Report:
        """Review files, whatever they are, as one program. In place of some there may be drafts, by their paths."""
        processes = processes_for(files, self.processes)
        return _review(files, drafts, self.rules, processes, self.progress, self.additions.tables)

    def kept(self, files: Sequence[Path]) -> Report:
        """Return the report of the files that is kept, or else a new one."""
        if self.cache is None:
            return self.review(files)
        key = key_of(files, self.rules, self.additions.files)
        known = self.cache.get(key)
        if known is not None:
            return known
        report = self.review(files)
        if _may_be_kept(report) and key_of(files, self.rules, self.additions.files) == key:
            self.cache.put(key, report)
        return report


def review(
    paths: Iterable[Path],
    rules: Sequence[Rule] | None = None,
    *,
    exclude: Sequence[str | Exclusion] = (),
    processes: int | None = 1,
    cache: ReportCache | None = None,
    progress: OnProgress = _silent,
    additions: Additions = Additions(),
    policies: Policies = _NO_POLICIES,
    narrowers: Sequence[Narrower] = (),
    named: Sequence[Path] = (),
    is_telling_unused: bool = False,
) -> Report:
    """Review files and trees as one program. Raises NothingToRead for a path that does not exist.

    What a pattern of `exclude` names is left out. `additions` are what a user adds to the reviewer, `policies` what the
    settings make of findings, and `narrowers` tell which of them are told. Files that are `named` count as `paths` that
    are files do: the review falls short without them.
    """
    rules = tuple(rules or all_rules())
    reading = Reading(tuple(paths), rules, tuple(exclude), additions, processes, cache, progress)
    collected = survey(reading.paths, reading.exclude)
    report = reading.kept(collected.files)
    if is_telling_unused:
        report = replace(report, findings=(*report.findings, *report.unused))
    told = _told(report, reading, collected, policies, narrowers)
    needed = {absolute(path) for path in (*collected.named, *named)}
    return replace(
        told,
        not_reviewed=tuple(replace(one, is_named=absolute(one.file) in needed) for one in report.not_reviewed),
        sources=dict(_sources(told)),
    )


def _told(
    report: Report, reading: Reading, collected: Collected, policies: Policies, narrowers: Sequence[Narrower]
) -> Report:
    """Return the report with what does not depend on the content of files: it is found anew, and not kept."""
    paths, additions = reading.paths, reading.additions
    judged = policies.judge(report.findings)
    silenced = (*report.silenced, *judged.silenced)
    narrowed = narrowed_by(narrowers, judged.told, silenced, _scope(report, reading))
    remaining, in_tests = outside_of_tests(narrowed.told, paths, collected.files)
    empty = () if collected.files else (f"there is no Python, C or C++ in {_some([str(path) for path in paths])}",)
    return replace(
        report,
        findings=in_order(remaining),
        silenced=silenced,
        untold=(
            *untold(judged.unwanted, "of rules that the settings leave out there"),
            *narrowed.untold,
            # Whatever it is, it is none that the verdict is about.
            *((Untold(len(in_tests), 0, why_untold(in_tests)),) if in_tests else ()),
        ),
        gone=narrowed.gone,
        not_checked=(
            *empty,
            *(f"{one.what}, {one.why}" for one in additions.broken),
            *report.not_checked,
            *map(str, collected.left_out),
            *_unwanted(additions),
        ),
        failed_rules=(*report.failed_rules, *additions.broken),
        rules_left_out=tuple(
            rule.id for rule in (*additions.unwanted, *additions.weakened) if rule.category is Category.SECURITY
        ),
        left_out=tuple((one.why.value, len(one.paths)) for one in collected.left_out),
    )


def _scope(report: Report, reading: Reading) -> Scope:
    failed = {one.what for one in report.failed_rules}
    return Scope(
        frozenset(rule.id for rule in reading.rules if rule.id not in failed),
        tuple(map(absolute, reading.paths)),
        frozenset(absolute(one.file) for one in report.not_reviewed),
    )


def _unwanted(additions: Additions) -> Iterator[str]:
    if additions.unwanted:
        yield (
            "what the rules that were left out on purpose would report: "
            f"{_some([rule.id for rule in additions.unwanted])}"
        )
    if additions.weakened:
        yield f"what the settings call a note, not a defect: {_some([rule.id for rule in additions.weakened])}"


def _may_be_kept(report: Report) -> bool:
    """Say whether another review would come to the same: what ran out of time or memory may not do so again."""
    return not report.failed_rules and not report.traces


def _review(
    files: Sequence[Path],
    drafts: Mapping[str, bytes],
    rules: Sequence[Rule],
    processes: int,
    progress: OnProgress,
    tables: Tables | None,
) -> Report:
    with _no_collector():
        units = []
        for path in files:
            units.append(read_file(path, draft=drafts.get(str(path))))
            progress("reading", len(units), len(files))
        answers: list[RuleOutcome] = []
        with Workers(Checker(units, tables=tables), rules, helpers=processes - 1) as workers:
            for answer in workers.answers():
                answers.append(answer)
                progress("checking", len(answers), len(rules))
    not_reviewed = tuple(_not_reviewed(units))
    found = in_order([finding for answer in answers for finding in answer.findings])
    asked = {answer.rule for answer in answers if not answer.failure}
    applied = apply_suppressions(with_fingerprints(found, units), units, asked)
    unused = [unused_suppression(place, ids) for place, ids in applied.unused]
    return Report(
        in_order(applied.remaining),
        (*map(str, not_reviewed), *_not_checked(units, answers)),
        files=len(units),
        lines=sum(unit.source.count("\n") for unit in units if not (unit.unread or unit.half_read)),
        silenced=applied.silenced,
        unused=tuple(with_fingerprints(unused, units)),
        not_reviewed=not_reviewed,
        failed_rules=tuple(RuleFailure(one.rule, one.failure, one.trace) for one in answers if one.failure),
    )


@contextmanager
def _no_collector() -> Iterator[None]:
    """Do not search the model for garbage: it lives until the end, and searching takes half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _sources(report: Report) -> Iterator[tuple[str, str]]:
    """Yield the text of the files that findings speak of."""
    findings = [*report.findings, *(silenced.finding for silenced in report.silenced)]
    for name in sorted({place.file for finding in findings for place in finding.places}):
        with suppress(Unreadable):
            yield name, source_of(Path(name))


def _not_reviewed(units: Sequence[Unit]) -> Iterator[NotReviewed]:
    for unit in units:
        if unit.unread or unit.half_read:
            yield NotReviewed(unit.path, unit.unread or unit.half_read, trace=unit.trace)


def _not_checked(units: Sequence[Unit], answers: Sequence[RuleOutcome]) -> Iterator[str]:
    broken = [unit for unit in units if unit.parse_errors and not (unit.unread or unit.half_read)]
    if broken:
        count = sum(unit.parse_errors for unit in broken)
        places = "place was" if count == 1 else "places were"
        yield f"{count} {places} not understood, in {_some([unit.path for unit in broken])}"
    odd = [Path(unit.path).name for unit in units if unit.is_in_unknown_encoding]
    if odd:
        yield f"characters that are neither in UTF-8 nor as the file declares, in {_some(odd)}"
    missing = sorted(_headers_missing(units))
    if missing:
        yield f"headers that are not among the files given: {_some(missing)}"
    masked = sum((unit.masked_macros for unit in units), Counter[str]())
    if masked:
        yield f"what Qt's macros expand to, {sum(masked.values())} uses of {_some(sorted(masked))}"
    yield from _failed(answers)
    yield "what happens at run time: values read from files, settings and the command line"


def _failed(answers: Sequence[RuleOutcome]) -> Iterator[str]:
    """Yield one line for each reason, which all rules may have in common."""
    rules: dict[str, list[str]] = {}
    for answer in answers:
        if answer.failure:
            rules.setdefault(answer.failure, []).append(answer.rule)
    for failure, ids in rules.items():
        yield f"{_some(ids)}, {failure}"


def _headers_missing(units: Sequence[Unit]) -> Iterator[str]:
    known = {Path(unit.path).name for unit in units}
    for unit in units:
        if unit.language is Language.CPP:
            for name, _ in unit.includes:
                if name.endswith((".h", ".hpp", ".hxx", ".hh")) and "/" not in name and Path(name).name not in known:
                    yield name


def _some(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - _SOME} more" if len(unique) > _SOME else ""
    return ", ".join(unique[:_SOME]) + more
