"""Measure calls over localsocket against other libraries that call over a local socket, and write them to docs.

Run it as `python benchmarks/compare_calls.py`; it needs the extra `bench`. What is not installed is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from calls_peers import PEERS, Peer
from calls_report import MARKER, TableText, in_flight_table, section_text, sequential_table, target_table
from calls_rows import CallRow, chosen_rows
from comparing import DOCS, EXIT_CANNOT_MEASURE, IN_PURE_PYTHON, SOURCES, measure, print_faults
from report import write_section
from results import Comparison, RowResult, Settings, load_comparison
from rounds import Program

RESULTS = "benchmarks-calls.json"


def compare(
    *,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of every row.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.01, help="How long each library calls in a row.")] = 1.0,
    argument: Annotated[
        list[int] | None, typer.Option(help="Only rows with arguments of so many bytes; may be given again.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this library; may be given again.")] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write all rounds as JSON to this file, and nothing into the pages.")
    ] = None,
    report_only: Annotated[bool, typer.Option(help="Write the text again from the JSON beside it.")] = False,
    output_dir: Annotated[Path, typer.Option(help="Where the pages are that are written into.")] = DOCS,
) -> None:
    """Measure calls over localsocket and every other library in turn, row by row, round by round."""
    console = Console()
    if report_only:
        comparison = load_comparison(json or output_dir / RESULTS, CallRow)
    else:
        rows, peers = chosen_rows(argument or []), chosen_peers(only or [])
        if not rows:
            raise typer.BadParameter("there is no such row")
        comparison = Comparison({}, Settings(rounds, seconds), [RowResult(row) for row in rows])
        measure(comparison, programs_of(peers, comparison, console), {}, console)
        comparison.save(json or output_dir / RESULTS)
    print_summary(comparison, console)
    if json is None or report_only:
        write_section(output_dir / "benchmarks.md", MARKER, section_text(comparison, RESULTS))
        console.print(f"written: benchmarks.md and {RESULTS} in {output_dir}")
    raise typer.Exit(print_faults(comparison, console))


def chosen_peers(names: Collection[str]) -> list[Peer]:
    if unknown := set(names) - {peer.name for peer in PEERS}:
        known = ", ".join(peer.name for peer in PEERS)
        raise typer.BadParameter(f"there is no {', '.join(sorted(unknown))} here, but {known}")
    return [peer for peer in PEERS if not names or peer.name in names]


def programs_of(peers: list[Peer], comparison: Comparison, console: Console) -> list[Program]:
    """Return the programs of those peers that are installed, and note and say which are not."""
    for peer in peers:
        if not peer.is_installed:
            console.print(f"skipped: {peer.name}: {peer.reason_to_skip}", highlight=False, soft_wrap=True)
            for result in comparison.rows:
                comparison.add(result.row, peer.name, {"skipped": peer.reason_to_skip})
    programs = [program_of(peer) for peer in peers if peer.is_installed]
    if not programs:
        raise typer.Exit(EXIT_CANNOT_MEASURE)
    return programs


def program_of(peer: Peer) -> Program:
    command = (*(IN_PURE_PYTHON if peer.is_pure else ()), sys.executable, str(SOURCES / "calls_ends.py"))
    return Program(peer.name, command, ("--peer", peer.name))


def print_summary(comparison: Comparison, console: Console) -> None:
    for title, text in (
        ("one call after the other, p50 / p99 µs", sequential_table(comparison)),
        ("calls per second with many in flight", in_flight_table(comparison)),
        ("ratios to the others", target_table(comparison)),
    ):
        console.print(terminal_table(title, text), highlight=False)


def terminal_table(title: str, text: TableText) -> Table:
    table = Table(title=title, box=None, padding=(0, 2, 0, 0), title_justify="left")
    for heading in text.head:
        table.add_column(heading.replace("`", ""), overflow="fold")
    for line in text.lines:
        table.add_row(*(cell.replace("`", "") for cell in line))
    return table


if __name__ == "__main__":
    typer.run(compare)
