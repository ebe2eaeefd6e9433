"""Measure localsocket against Qt and a bare C epoll loop, and write what was found to docs.

Run it as `python benchmarks/compare_qt.py`; it needs the extra `bench`, a C++ compiler
and Qt 6, and says so if they are missing.
"""

from __future__ import annotations

import subprocess
import tempfile
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from qt_chart import draw_chart
from qt_programs import SOURCES, CannotBuild, build_facts, build_programs
from qt_report import rate, ratio_text, verdict, write_section
from qt_results import Comparison, RowResult, Settings, load_comparison
from qt_rounds import Run, run_rounds
from qt_rows import SERVERS, chosen_rows

EXIT_FAULTS = 1
EXIT_CANNOT_BUILD = 2

DOCS = SOURCES.parent / "docs"
QUICK = Settings(rounds=1, seconds=0.2, round_trips=10000)


class TestName(StrEnum):
    exchange = "exchange"
    pingpong = "pingpong"


class ServerPlace(StrEnum):
    process = "process"
    thread = "thread"
    both = "both"


def compare(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of every row.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.01, help="Length of an exchange row.")] = 2.0,
    round_trips: Annotated[int, typer.Option(min=5000, help="Round trips of a ping-pong row.")] = 100000,
    only: Annotated[TestName | None, typer.Option(help="Leave the other test out.")] = None,
    server: Annotated[ServerPlace, typer.Option(help="Where the server is.")] = ServerPlace.both,
    quick: Annotated[bool, typer.Option(help="One short round; writes nothing unless told where.")] = False,
    report_only: Annotated[bool, typer.Option(help="Make picture and text again from benchmarks.json.")] = False,
    output_dir: Annotated[
        Path | None,
        typer.Option(help="Where results go and replace older ones; docs if not given."),
    ] = None,
) -> None:
    """Measure localsocket, Qt and a bare C epoll loop in turn, row by row, round by round."""
    console = Console()
    directory = output_dir or (None if quick and not report_only else DOCS)
    if report_only:
        comparison = load_comparison((directory or DOCS) / "benchmarks.json")
    else:
        settings = QUICK if quick else Settings(rounds, seconds, round_trips)
        rows = chosen_rows(only, None if server is ServerPlace.both else server)
        comparison = Comparison({}, settings, [RowResult(row) for row in rows])
        try:
            measure(comparison, console)
        except CannotBuild as error:
            typer.echo(f"cannot measure: {error}", err=True)
            raise typer.Exit(EXIT_CANNOT_BUILD) from error
    print_summary(comparison, console)
    if directory is not None:
        write_results(comparison, directory, console)
    faults = comparison.faults()
    for fault in faults:
        console.print(f"fault: {fault}", style="bold red", highlight=False, soft_wrap=True)
    raise typer.Exit(EXIT_FAULTS if faults else 0)


def measure(comparison: Comparison, console: Console) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        tempfile.TemporaryDirectory() as build_directory,
        Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task("building the programs", total=None)
        programs = build_programs(Path(build_directory))
        rows = [result.row for result in comparison.rows]
        progress.update(task, total=comparison.settings.rounds * len(rows) * len(programs))
        for run in run_rounds(rows, programs, comparison.settings):
            comparison.add(run.row, run.program, run.measurement)
            comparison.machine.update(run.machine)
            progress.update(task, advance=1, description=describe(run))
            if not console.is_terminal:
                console.print(describe(run), highlight=False, soft_wrap=True)
    today = datetime.now(UTC).date().isoformat()
    comparison.machine.update(build_facts(), commit=measured_commit(), date=today)


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


def print_summary(comparison: Comparison, console: Console) -> None:
    for server in SERVERS:
        results = [result for result in comparison.rows if result.row.server == server]
        if results:
            console.print(summary_table(server, results))


def summary_table(server: str, results: list[RowResult]) -> Table:
    title = f"messages per second, server in a {server}"
    table = Table(title=title, box=None, padding=(0, 2, 0, 0), title_justify="left")
    table.add_column("row", no_wrap=True)
    for heading in ("localsocket", "Qt", "ratio", "target", ""):
        table.add_column(heading, justify="right")
    for result in results:
        speeds = [rate(result, program) for program in ("localsocket", "qt")]
        ratio, target = ratio_text(result.ratio("qt")), f"{result.row.target:g}"
        table.add_row(result.row.label, *speeds, ratio, target, verdict(result))
    return table


def write_results(comparison: Comparison, directory: Path, console: Console) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    comparison.save(directory / "benchmarks.json")
    draw_chart(comparison, directory / "benchmarks.svg")
    write_section(comparison, directory / "benchmarks.md")
    console.print(f"written: benchmarks.json, benchmarks.svg and benchmarks.md in {directory}")


if __name__ == "__main__":
    typer.run(compare)
