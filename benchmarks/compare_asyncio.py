"""Measure the asyncio face against asyncio's own streams and a bare Protocol, and write what was found to docs.

Run it as `python benchmarks/compare_asyncio.py`; it needs the extra `bench`.
"""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from asyncio_ends import ENDS
from asyncio_report import MARKER, section_text
from asyncio_rows import ON_STOCK_LOOP, ON_UVLOOP, SERVERS_ON_UVLOOP, chosen_rows, pure
from comparing import DOCS, IN_PURE_PYTHON, SOURCES, measure, print_faults, summary_table
from report import write_section
from results import Comparison, RowResult, Settings, load_comparison
from rounds import Program

RESULTS = "benchmarks-asyncio.json"
COMMAND = (sys.executable, str(SOURCES / "asyncio_ends.py"))
PROGRAMS = [
    *(Program(name, COMMAND, ("--ends", name)) for name in ENDS),
    *(
        Program(pure(pair.program), (*IN_PURE_PYTHON, *COMMAND), ("--ends", pair.program))
        for pair in (ON_STOCK_LOOP, ON_UVLOOP, SERVERS_ON_UVLOOP)
    ),
]


def compare(
    *,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of every row.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.01, help="Length of an exchange row.")] = 1.0,
    round_trips: Annotated[int, typer.Option(min=1, help="Round trips of a ping-pong row.")] = 50000,
    connections: Annotated[
        list[int] | None, typer.Option(help="Only rows with so many connections; may be given again.")
    ] = None,
    chunk: Annotated[list[int] | None, typer.Option(help="Only exchange rows with such chunks; likewise.")] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write all rounds as JSON to this file, and nothing into the pages.")
    ] = None,
    report_only: Annotated[bool, typer.Option(help="Write the text again from the JSON beside it.")] = False,
    output_dir: Annotated[Path, typer.Option(help="Where the pages are that are written into.")] = DOCS,
) -> None:
    """Measure localsocket.aio, asyncio's streams and a bare Protocol in turn, row by row, round by round."""
    console = Console()
    if report_only:
        comparison = load_comparison(json or output_dir / RESULTS)
    else:
        rows = chosen_rows(connections or [], chunk or [])
        if not rows:
            raise typer.BadParameter("there is no such row")
        settings = Settings(rounds, seconds, round_trips)
        comparison = Comparison({}, settings, [RowResult(row) for row in rows])
        measure(comparison, PROGRAMS, {"uvloop": importlib.metadata.version("uvloop")}, console)
        comparison.save(json or output_dir / RESULTS)
    print_summary(comparison, console)
    if json is None or report_only:
        write_section(output_dir / "benchmarks.md", MARKER, section_text(comparison, RESULTS))
        console.print(f"written: benchmarks.md and {RESULTS} in {output_dir}")
    raise typer.Exit(print_faults(comparison, console))


def print_summary(comparison: Comparison, console: Console) -> None:
    for title, pair in (
        ("the stock loop, aio and asyncio's streams", ON_STOCK_LOOP),
        ("uvloop, aio and asyncio's streams", ON_UVLOOP),
        ("uvloop, aio.serve() and a bare Protocol", SERVERS_ON_UVLOOP),
    ):
        console.print(summary_table(f"messages per second on {title}", comparison.rows, pair))


if __name__ == "__main__":
    typer.run(compare)
