"""Measure what the two pictures of docs/benchmarks.md show, and draw them.

    python benchmarks/pictures.py --measure            eight minutes, on a machine that has nothing else to do
    python benchmarks/pictures.py --measure --quick    one, to see that everything works; writes nothing into docs
    python benchmarks/pictures.py                      draw again what was measured

It needs the extra `bench`; libraries that are not installed are named and left out. What has been measured is kept in
build/pictures after each run, also when it is interrupted: `--results build/pictures` draws that.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from calls_peers import peer_named
from calls_rows import CallRow
from compare_calls import programs_of
from comparing import DOCS, EXIT_CANNOT_MEASURE, SOURCES, measure, print_faults
from pictures_report import MARKER, PICTURES, Picture, section_text, svg
from report import write_section
from results import Comparison, RowResult, Settings, load_comparison

KEPT = SOURCES.parent / "build" / "pictures"
QUICK = Settings(rounds=1, seconds=0.1)


def pictures(
    *,
    to_measure: Annotated[bool, typer.Option("--measure", help="Measure first, instead of drawing again.")] = False,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of every row.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.01, help="How long each library calls in a row.")] = 0.4,
    quick: Annotated[bool, typer.Option(help="One short round; draws into build/pictures unless told where.")] = False,
    results: Annotated[Path | None, typer.Option(help="Draw what was measured there; docs if not given.")] = None,
    output_dir: Annotated[
        Path | None, typer.Option(help="Where pictures, rounds and page are; docs if not given.")
    ] = None,
) -> None:
    """Draw the pictures of calls and of payloads."""
    console = Console()
    if to_measure:
        comparisons = measured(QUICK if quick else Settings(rounds, seconds), console)
    else:
        comparisons = {shape.name: load_comparison(rounds_of(results or DOCS, shape), CallRow) for shape in PICTURES}
    directory = output_dir or (KEPT if quick else DOCS)
    for shape in PICTURES:
        comparisons[shape.name].save(rounds_of(directory, shape))
        drawn = svg(shape, comparisons[shape.name])
        (directory / f"picture-{shape.name}.svg").write_text(drawn, encoding="utf-8")
    write_section(directory / "benchmarks.md", MARKER, section_text(comparisons))
    console.print(f"written: two pictures, their rounds, and benchmarks.md in {directory}", soft_wrap=True)
    raise typer.Exit(max(print_faults(comparison, console) for comparison in comparisons.values()))


def measured(settings: Settings, console: Console) -> dict[str, Comparison]:
    """Return what was measured for each picture; all of it so far is in KEPT at any time."""
    KEPT.mkdir(parents=True, exist_ok=True)
    comparisons = {shape.name: nothing_measured(shape, settings) for shape in PICTURES}
    for shape in PICTURES:
        comparisons[shape.name].save(rounds_of(KEPT, shape))
    try:
        for shape in PICTURES:
            measure_for(shape, comparisons[shape.name], console)
    except KeyboardInterrupt:
        console.print(f"interrupted; pictures.py --results {KEPT} draws what was measured", soft_wrap=True)
        raise typer.Exit(EXIT_CANNOT_MEASURE) from None
    return comparisons


def nothing_measured(shape: Picture, settings: Settings) -> Comparison:
    is_ahead = os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR)
    machine = {"load": f"{os.getloadavg()[0]:.1f}", "priority": "real-time" if is_ahead else "normal"}
    return Comparison(machine, settings, [RowResult(row) for row in shape.rows])


def measure_for(shape: Picture, comparison: Comparison, console: Console) -> None:
    programs = programs_of([peer_named(name) for name in shape.peers], comparison, console)
    measure(comparison, programs, {}, console, lambda: comparison.save(rounds_of(KEPT, shape)))


def rounds_of(directory: Path, shape: Picture) -> Path:
    return directory / f"picture-{shape.name}.json"


if __name__ == "__main__":
    typer.run(pictures)
