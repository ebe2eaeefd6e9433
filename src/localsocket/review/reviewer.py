"""Reviewing: from paths to a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from localsocket.review.analysis.facts import Facts
from localsocket.review.findings import Finding
from localsocket.review.model.program import Program
from localsocket.review.model.unit import Language, Unit
from localsocket.review.reading.collecting import collect, read_file
from localsocket.review.report.report import Report, in_order
from localsocket.review.rules import all_rules
from localsocket.review.rules.rule import Rule
from localsocket.review.suppressions import apply_suppressions

_SOME = 3  # how many names stand for many


def review(paths: Iterable[Path], rules: Sequence[Rule] | None = None) -> Report:
    """Review files and trees as one program. Raises NothingToRead for a path that does not exist."""
    return review_units([read_file(path) for path in collect(paths)], rules)


def review_units(units: Sequence[Unit], rules: Sequence[Rule] | None = None) -> Report:
    """Review files that were read already."""
    facts = Facts(Program([unit for unit in units if not unit.unread]))
    failed: Counter[str] = Counter()
    found = [finding for rule in rules or all_rules() for finding in _findings(rule, facts, failed)]
    remaining, silenced = apply_suppressions(in_order(found), units)
    return Report(
        in_order(remaining),
        tuple(_not_checked(units, failed)),
        files=len(units),
        lines=sum(unit.source.count("\n") for unit in units),
        silenced=len(silenced),
        sources={unit.path: unit.source for unit in units},
    )


def _findings(rule: Rule, facts: Facts, failed: Counter[str]) -> Iterator[Finding]:
    """Yield a rule's findings; code nested too deeply for it ends this rule, and the report says so."""
    try:
        yield from rule.check(facts)
    except RecursionError:
        failed[rule.id] += 1


def _not_checked(units: Sequence[Unit], failed: Counter[str]) -> Iterator[str]:
    for unit in units:
        if unit.unread:
            yield f"{unit.path}: {unit.unread}"
    broken = [unit for unit in units if unit.parse_errors and not unit.unread]
    if broken:
        count = sum(unit.parse_errors for unit in broken)
        places = "place was" if count == 1 else "places were"
        yield f"{count} {places} not understood, in {_some([unit.path for unit in broken])}"
    missing = sorted(_headers_missing(units))
    if missing:
        yield f"headers that are not among the files given: {_some(missing)}"
    masked = sum((unit.masked_macros for unit in units), Counter[str]())
    if masked:
        yield f"what Qt's macros expand to, {sum(masked.values())} uses of {_some(sorted(masked))}"
    for rule in failed:
        yield f"{rule}, which met code that is nested too deeply"
    yield "what happens at run time: values read from files, settings and the command line"


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
