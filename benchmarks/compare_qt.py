"""Measure localsocket against Qt and a bare C epoll loop, and write what was found to docs.

Run it as `python benchmarks/compare_qt.py`; it needs the extra `bench`, a C++ compiler
and Qt 6, and says so if they are missing.
"""

from __future__ import annotations

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from comparing import DOCS, EXIT_CANNOT_MEASURE, measure, print_faults, summary_table
from qt_chart import draw_chart
from qt_programs import CannotBuild, build_facts, build_programs
from qt_report import MARKER, section_text
from qt_rows import PAIR, SERVERS, chosen_rows
from report import write_section
from results import Comparison, RowResult, Settings, load_comparison

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
            build_and_measure(comparison, console)
        except CannotBuild as error:
            typer.echo(f"cannot measure: {error}", err=True)
            raise typer.Exit(EXIT_CANNOT_MEASURE) from error
    print_summary(comparison, console)
    if directory is not None:
        write_results(comparison, directory, console)
    raise typer.Exit(print_faults(comparison, console))


def build_and_measure(comparison: Comparison, console: Console) -> None:
    with tempfile.TemporaryDirectory() as build_directory:
        with console.status("building the programs"):
            programs = build_programs(Path(build_directory))
        measure(comparison, programs, build_facts(), console)


def print_summary(comparison: Comparison, console: Console) -> None:
    for server in SERVERS:
        results = [result for result in comparison.rows if result.row.server == server]
        if results:
            title = f"messages per second, server in a {server}"
            console.print(summary_table(title, results, PAIR))


def write_results(comparison: Comparison, directory: Path, console: Console) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    comparison.save(directory / "benchmarks.json")
    draw_chart(comparison, directory / "benchmarks.svg")
    write_section(directory / "benchmarks.md", MARKER, section_text(comparison))
    console.print(f"written: benchmarks.json, benchmarks.svg and benchmarks.md in {directory}")


if __name__ == "__main__":
    typer.run(compare)
