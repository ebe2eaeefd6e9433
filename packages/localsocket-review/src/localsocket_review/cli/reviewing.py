"""One review as the command line asks for it: what is read, what of it is told, and with which exit status it ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from localsocket_review.baseline import baseline_of, read_baseline
from localsocket_review.cache import ReportCache
from localsocket_review.cli.settings import ReviewSettings
from localsocket_review.cli.task import Task
from localsocket_review.earlier import known_at
from localsocket_review.narrowing import ConcernsFiles, Narrower, Recorder
from localsocket_review.report.report import Report, counted
from localsocket_review.reviewer import OnProgress, Reading, review
from localsocket_review.revisions import revision_of


def reviewed(task: Task, settings: ReviewSettings, cache: ReportCache | None, progress: OnProgress) -> Report:
    """Review, and write a baseline where one is asked for. Raises BadBaseline, NoRevision, NothingToRead or OSError."""
    recorder = Recorder()
    narrowers = [*_narrowers(task, settings, cache, progress), recorder]
    report = review(
        task.paths,
        settings.rules,
        exclude=settings.exclude,
        processes=None,
        cache=cache,
        progress=progress,
        additions=settings.additions,
        policies=settings.policies,
        narrowers=narrowers,
        named=task.about,
        is_telling_unused=task.is_telling_unused,
    )
    if task.new_baseline is not None:
        task.new_baseline.write_text(baseline_of(recorder.findings, task.new_baseline), encoding="utf-8")
    return report


def _narrowers(
    task: Task, settings: ReviewSettings, cache: ReportCache | None, progress: OnProgress
) -> Sequence[Narrower]:
    narrowers: list[Narrower] = []
    if task.baseline is not None:
        narrowers.append(read_baseline(task.baseline))
    if task.diff:
        revision = revision_of(task.diff, task.paths)
        reading = Reading(task.paths, settings.rules, settings.exclude, settings.additions, None, cache, progress)
        narrowers.append(known_at(revision, reading, settings.policies))
    if task.about:
        narrowers.append(ConcernsFiles(task.about))
    return narrowers


def words_about_baseline(file: Path) -> str:
    """Return what is said where a baseline was written."""
    number = len(read_baseline(file).findings)
    return f"{counted(number, 'finding')} written to {file}. From now on, --baseline {file} shows what is new."
