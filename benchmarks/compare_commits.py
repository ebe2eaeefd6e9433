"""Measure two commits in turn, row by row, round by round: whether calls or bytes have become slower.

Run it as `python benchmarks/compare_commits.py BEFORE`, on an idle machine; it writes nothing. What is installed beside
localsocket is the same for both, and so are the programs that measure.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import calls_rows
import qt_rows
from comparing import SOURCES, measure, print_faults
from results import Comparison, RowResult, Settings
from rounds import Program

ROOT = SOURCES.parent
PACKAGE = Path("packages", "localsocket")
ROUND_TRIPS = 10_000
WAYS = {
    "blocking": (str(SOURCES / "calls_ends.py"), "--peer", "blocking"),
    "aio": (str(SOURCES / "calls_ends.py"), "--peer", "aio"),
    "bytes": (str(SOURCES / "bytes_ends.py"),),
}
"""What is measured: calls on two APIs, and the exchange of bytes that Qt is compared with."""


def compare(
    before: Annotated[str, typer.Argument(help="The commit that this tree is compared with.")] = "HEAD^",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of every row.")] = 9,
    seconds: Annotated[float, typer.Option(min=0.01, help="How long each commit is measured in a row.")] = 0.5,
    only: Annotated[list[str] | None, typer.Option(help=f"{', '.join(WAYS)}; may be given again.")] = None,
    argument: Annotated[
        list[int] | None, typer.Option(help="Of calls, only those with so many bytes; may be given again.")
    ] = None,
) -> None:
    """Print the median speed of both commits, and how many times as fast the later one is."""
    if unknown := set(only or []) - set(WAYS):
        raise typer.BadParameter(f"there is no {', '.join(sorted(unknown))} here, but {', '.join(WAYS)}")
    console = Console()
    status = 0
    with tempfile.TemporaryDirectory() as directory, checked_out(before, Path(directory, "before")) as tree:
        for way in only or WAYS:
            rows = qt_rows.chosen_rows(None, None) if way == "bytes" else calls_rows.chosen_rows(argument or [])
            comparison = Comparison({}, Settings(rounds, seconds, ROUND_TRIPS), [RowResult(row) for row in rows])
            programs = [program(way, "before", tree), program(way, "after", ROOT)]
            measure(comparison, programs, {}, console)
            console.print(table_of(way, comparison))
            status = max(status, print_faults(comparison, console))
    raise typer.Exit(status)


@contextmanager
def checked_out(revision: str, tree: Path) -> Iterator[Path]:
    """A working tree of this commit, with what it compiles, as far as it can be compiled here."""
    try:
        git("worktree", "add", "--quiet", "--detach", str(tree), revision)
    except subprocess.CalledProcessError as error:
        raise typer.BadParameter(error.stderr.strip()) from error
    try:
        if (tree / PACKAGE / "setup.py").exists():
            build = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
            subprocess.run(build, cwd=tree / PACKAGE, capture_output=True, check=False)
        yield tree
    finally:
        git("worktree", "remove", "--force", str(tree))


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)


def program(way: str, name: str, tree: Path) -> Program:
    script, *options = WAYS[way]
    return Program(name, ("env", f"PYTHONPATH={tree / PACKAGE / 'src'}", sys.executable, script), tuple(options))


def table_of(way: str, comparison: Comparison) -> Table:
    """The ratios are those of the rounds, in each of which both were measured next to each other."""
    table = Table(title=f"{way}: messages per second", box=None, padding=(0, 2, 0, 0), title_justify="left")
    table.add_column("row", no_wrap=True)
    for heading in ("before", "after", "ratio", "least", "most"):
        table.add_column(heading, justify="right")
    for result in comparison.rows:
        before, after = (result.figures(name, "messages_per_second") for name in ("before", "after"))
        ratios = [late / early for early, late in zip(before, after, strict=False) if early]
        if ratios:
            speeds = [f"{median(each):,.0f}" for each in (before, after)]
            figures = [f"{each:.3f}" for each in (median(ratios), min(ratios), max(ratios))]
            table.add_row(f"{result.row.label}, {result.row.server}", *speeds, *figures)
    return table


if __name__ == "__main__":
    typer.run(compare)
