"""Whatever a file holds: nothing is raised, nothing hangs, and what was not read is said."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from localsocket_review.report.as_html import html_report
from localsocket_review.report.as_json import json_report
from localsocket_review.report.as_sarif import sarif_report
from localsocket_review.report.report import Report
from localsocket_review.reviewer import review
from localsocket_review.rules import all_rules
from mutating import MUTATIONS, mutated, written

SEED = 2026
SECONDS = 60  # of the processor, far more than any takes


def problems_of(report: Report, path: Path) -> list[str]:
    """Return what went wrong; limits that a file meets are no fault of the reviewer."""
    told = [line for line in report.not_checked if "please report" in line]
    for form in (json_report(report), sarif_report(report, all_rules(), path.parent), html_report(report)):
        form.encode("utf-8", "backslashreplace")
    return told


def check_all(folder: Path, seed: int, number: int) -> list[str]:
    found = []
    for path in written(folder, seed, number):
        started = time.process_time()
        found += [f"{path.name}: {line}" for line in problems_of(review([path]), path)]
        if time.process_time() - started > SECONDS:
            found.append(f"{path.name}: took {time.process_time() - started:.0f} s")
    return found


@pytest.mark.long
def test_mutated_files_are_reviewed(tmp_path: Path) -> None:
    assert not check_all(tmp_path, SEED, 250)


@pytest.mark.long
def test_mutated_files_are_reviewed_as_one_program(tmp_path: Path) -> None:
    for name, data in mutated(SEED + 1, 200):
        (tmp_path / name).write_bytes(data)
    assert not problems_of(review([tmp_path]), tmp_path)


def test_every_mutation_is_used() -> None:
    names = " ".join(name for name, _ in mutated(SEED, 250))
    assert all(mutation.__name__ in names for mutation in MUTATIONS)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_thousand_mutated_files_are_reviewed(tmp_path: Path) -> None:
    assert not check_all(tmp_path, SEED + 2, 10_000)
