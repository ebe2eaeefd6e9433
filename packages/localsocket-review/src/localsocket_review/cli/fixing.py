"""`--fix`: repairs that need no thought are written, or shown, and everything is reviewed again."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console

from localsocket_review.cache import ReportCache
from localsocket_review.cli.reviewing import reviewed
from localsocket_review.cli.settings import ReviewSettings
from localsocket_review.cli.task import Task
from localsocket_review.reading.collecting import survey
from localsocket_review.repairing import Repaired, repaired
from localsocket_review.repairs.edits import Repair
from localsocket_review.repairs.table import MECHANISMS
from localsocket_review.report.report import Report, counted
from localsocket_review.report.visible import visible
from localsocket_review.reviewer import OnProgress, Reading


class Changed(Exception):
    """A file is not what it was when it was reviewed, or cannot be written; the message tells which."""


def repairs_for(task: Task, settings: ReviewSettings, cache: ReportCache | None, progress: OnProgress) -> Repaired:
    """Return what can be repaired of the findings that a review would tell; nothing is written yet."""
    told = reviewed(task, settings, cache, progress).findings
    reading = Reading(task.paths, settings.rules, settings.exclude, settings.additions, None, cache, progress)
    files = survey(reading.paths, reading.exclude).files

    def review(drafts: Mapping[str, bytes]) -> Report:
        return reading.review(files, drafts) if drafts else reading.kept(files)

    return repaired(told, review)


def write(done: Repaired) -> None:
    """Write the files anew, each whole or not at all, with the mode that it has. Raises Changed."""
    for file, data in done.contents.items():
        path = Path(file).resolve()
        if path.read_bytes() != done.before[file]:
            raise Changed(f"{file} changed during the review: nothing in it was repaired. Run --fix again")
        try:
            _replace(path, data)
        except OSError as error:
            raise Changed(f"cannot write {file}: {error.strerror}") from error


def _replace(path: Path, data: bytes) -> None:
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            os.fchmod(descriptor, path.stat().st_mode & 0o7777)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def changes(done: Repaired) -> str:
    """Return what the repairs would change, as a unified diff that `patch` and `git apply` take."""
    return "".join(line for file in sorted(done.contents) for line in _changes_of(done, file))


def _changes_of(done: Repaired, file: str) -> Iterator[str]:
    before, after = (content[file].decode().splitlines(keepends=True) for content in (done.before, done.contents))
    for line in difflib.unified_diff(before, after, f"a/{file}", f"b/{file}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def print_repairs(done: Repaired, console: Console) -> None:
    """Say what was repaired and how, and what the repair of was refused for its effects."""
    for repair in done.made:
        console.print(_said(repair), style="green", markup=False, highlight=False, soft_wrap=True)
    for repair in done.refused:
        words = f"Not repaired: {repair.finding.rule} {repair.finding.place}: its repair does not remove the finding."
        console.print(visible(words), style="dim", markup=False, highlight=False, soft_wrap=True)
    total = sum(len(repair.places) for repair in done.made)
    files = counted(len(done.contents), "file")
    words = f"{counted(total, 'defect')} repaired in {files}." if total else "Nothing can be repaired automatically."
    console.print(words, style="bold", highlight=False)


def _said(repair: Repair) -> str:
    mechanism = MECHANISMS[repair.finding.rule]
    then = f"; {mechanism.then}" if mechanism.then else ""
    number = f" ({counted(len(repair.places), 'place')})" if len(repair.places) > 1 else ""
    return visible(f"Repaired: {repair.finding.rule} {repair.finding.place}: {mechanism.does}{number}{then}.")
