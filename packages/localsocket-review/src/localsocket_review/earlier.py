"""What a review would have found at a revision: the whole program as it was is read, once for each revision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from localsocket_review.cache import key_of
from localsocket_review.findings import Finding
from localsocket_review.model.place import Place
from localsocket_review.narrowing import Known, KnownFinding
from localsocket_review.policy import Policies
from localsocket_review.reading.collecting import Exclusion, survey
from localsocket_review.report.report import Report
from localsocket_review.reviewer import Reading
from localsocket_review.revisions import Revision


def known_at(revision: Revision, reading: Reading, policies: Policies) -> Known:
    """Return what was found in the paths of a reading at a revision. Raises NoRevision."""
    found = policies.judge(_report_at(revision, reading).findings).told
    known = (KnownFinding(one.rule, one.fingerprint, one.place.file, one.message) for one in found)
    return Known(tuple(known), f"known at {revision.name}", revision.name)


def _report_at(revision: Revision, reading: Reading) -> Report:
    content = (revision.tree, *(f"{path}={revision.relative(path)}" for path in reading.paths), *_written(reading))
    key = key_of((), reading.rules, reading.additions.files, content)
    known = reading.cache.get(key) if reading.cache is not None else None
    if known is not None:
        return known
    with revision.written(reading.paths) as folder:
        there = {path: folder / revision.relative(path) for path in reading.paths}
        exclude = [_moved(one, revision, folder) for one in reading.exclude]
        files = survey([path for path in there.values() if path.exists()], exclude).files
        report = reading.review(files)
    names = {str(file): name for file in files if (name := _name_now(file, there))}
    report = replace(report, findings=tuple(_renamed(one, names) for one in report.findings))
    if reading.cache is not None and not report.failed_rules:
        reading.cache.put(key, report)
    return report


def _written(reading: Reading) -> list[str]:
    return [str(one) for one in reading.exclude]


def _moved(exclude: str | Exclusion, revision: Revision, folder: Path) -> Exclusion:
    """Return the patterns as they are about the folder that stands for the repository."""
    one = Exclusion((exclude,), Path.cwd()) if isinstance(exclude, str) else exclude
    around = one.folder.resolve()
    inside = around.is_relative_to(revision.repository)
    return replace(one, folder=folder / around.relative_to(revision.repository)) if inside else one


def _name_now(file: Path, there: dict[Path, Path]) -> str:
    return next((str(path / file.relative_to(old)) for path, old in there.items() if file.is_relative_to(old)), "")


def _renamed(finding: Finding, names: dict[str, str]) -> Finding:
    def now(place: Place) -> Place:
        return place._replace(file=names.get(place.file, place.file))

    evidence = tuple(replace(one, place=now(one.place)) for one in finding.evidence)
    return replace(finding, place=now(finding.place), evidence=evidence)
