"""Running a comparison for a person: progress while it runs, and what went wrong at the end."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from localsocket._core import IN_USE
from report import Pair, rate
from results import Comparison, RowResult
from rounds import Program, Run, run_rounds

SOURCES = Path(__file__).parent
DOCS = SOURCES.parent / "docs"

IN_PURE_PYTHON = ("env", "LOCALSOCKET_PURE=1")
"""What stands before a command whose core, and that of the server that it starts, is to be the one in Python."""

EXIT_FAULTS = 1
EXIT_CANNOT_MEASURE = 2


def measure(
    comparison: Comparison,
    programs: list[Program],
    versions: dict[str, str],
    console: Console,
    keep: Callable[[], object] | None = None,
) -> None:
    """Add every round of every row by every program, and the facts of the machine with the versions of what ran.

    `keep` is called after each of them, to keep what there is so far.
    """
    if IN_USE != "compiled":
        console.print("no compiled core here: what is not said to be pure Python is pure Python too", style="bold")
    today = datetime.now(UTC).date().isoformat()
    comparison.machine.update(versions, core=IN_USE, commit=measured_commit(), date=today)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    rows = [result.row for result in comparison.rows]
    total = comparison.settings.rounds * len(rows) * len(programs)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("the first round", total=total)
        for run in run_rounds(rows, programs, comparison.settings):
            comparison.add(run.row, run.program, run.measurement)
            comparison.machine.update(run.machine)
            if keep is not None:
                keep()
            progress.update(task, advance=1, description=describe(run))
            if not console.is_terminal:
                console.print(describe(run), highlight=False, soft_wrap=True)


def describe(run: Run) -> str:
    figures = run.measurement
    speed = figures.get("messages_per_second")
    outcome = f"{speed:,.0f} msg/s" if speed else figures.get("skipped") or figures.get("failed")
    where = f"round {run.round_number + 1}, {run.row.label}, {run.row.server}"
    return f"{where}: {run.program} {outcome}"


def measured_commit() -> str:
    """Return the commit that was measured, marked if the files differ from it."""
    command = ("git", "describe", "--always", "--dirty", "--exclude=*")
    answer = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def summary_table(title: str, results: list[RowResult], pair: Pair) -> Table:
    table = Table(title=title, box=None, padding=(0, 2, 0, 0), title_justify="left")
    table.add_column("row", no_wrap=True)
    for heading in (pair.name, pair.other_name, "ratio", "target", ""):
        table.add_column(heading, justify="right")
    for result in results:
        speeds = [rate(result, program) for program in (pair.program, pair.other)]
        table.add_row(result.row.label, *speeds, *pair.figures(result))
    return table


def print_faults(comparison: Comparison, console: Console) -> int:
    """Print a line for every run that failed or got a wrong byte back, and return the exit status."""
    faults = comparison.faults()
    for fault in faults:
        console.print(f"fault: {fault}", style="bold red", highlight=False, soft_wrap=True)
    return EXIT_FAULTS if faults else 0
