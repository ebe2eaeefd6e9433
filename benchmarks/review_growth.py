"""Measure how a review grows with the code: processor time and memory of all its processes, for ten times the lines.

Run it as `python benchmarks/review_growth.py`; it needs the package localsocket-review and Linux, and some minutes.
The larger tree is cut from the same cloth as the smaller (benchmarks/review_tree.py), so whatever grows more than
tenfold is the reviewer's doing. Processor time is what the system charged all processes; memory is the largest sum of
their proportional set sizes, in which a page that several share is counted once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from comparing import DOCS
from localsocket.tools.machine import machine_facts
from report import table, write_section
from review_tree import write_tree

MARKER = "review_growth"
MOST_GROWTH = 11.0
_LOOK_EVERY_S = 0.2


class Cost(NamedTuple):
    lines: int
    seconds: float
    cpu_seconds: float
    peak_mib: float

    def cells(self, name: str) -> list[str]:
        return [name, f"{self.lines:,}", f"{self.seconds:.1f}", f"{self.cpu_seconds:.1f}", f"{self.peak_mib:,.0f}"]


def measure_growth(
    *,
    lines: Annotated[int, typer.Option(min=1_000, help="Lines of the smaller tree.")] = 100_000,
    times: Annotated[int, typer.Option(min=2, help="How many times as large the other one is.")] = 10,
    output_dir: Annotated[Path, typer.Option(help="Where review.md is.")] = DOCS,
) -> None:
    """Review both trees, each cold and again with nothing changed, and write the figures to docs/review.md.

    The exit status is 1 when time or memory grow to more than 1.1 times what the code does.
    """
    with tempfile.TemporaryDirectory() as directory:
        small = costs_of(Path(directory) / "small", lines)
        large = costs_of(Path(directory) / "large", lines * times)
    text = section_text(small, large)
    write_section(output_dir / "review.md", MARKER, text)
    Console().print(text, highlight=False)
    most = MOST_GROWTH / 10 * times
    if growth(small[0].cpu_seconds, large[0].cpu_seconds) > most or growth(small[0].peak_mib, large[0].peak_mib) > most:
        raise typer.Exit(1)


def costs_of(tree: Path, lines: int) -> tuple[Cost, Cost]:
    """Return what the first review of such a tree costs, and the second, when nothing has changed."""
    written = write_tree(tree, lines)
    cache = tree.with_suffix(".cache")
    try:
        return cost_of(tree, written, cache), cost_of(tree, written, cache)
    finally:
        shutil.rmtree(tree)


def cost_of(tree: Path, lines: int, cache: Path) -> Cost:
    command = [sys.executable, "-m", "localsocket_review", "--fail-on", "none", "--format", "json", str(tree)]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, "XDG_CACHE_HOME": str(cache)}, stdout=subprocess.DEVNULL, start_new_session=True
    )
    peak = 0.0
    while True:
        peak = max(peak, memory_of_session(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(_LOOK_EVERY_S)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the review of {lines:,} lines ended with status {process.returncode}")
    seconds = time.perf_counter() - began
    return Cost(lines, seconds, usage.ru_utime + usage.ru_stime, max(peak, usage.ru_maxrss / 1024))


def memory_of_session(session: int) -> float:
    """Return what the processes of a session hold together, in MiB."""
    total = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getsid(int(entry.name)) == session:
                    total += proportional_kib(entry / "smaps_rollup")
            except OSError:  # it has ended meanwhile
                continue
    return total / 1024


def proportional_kib(rollup: Path) -> int:
    return next((int(line.split()[1]) for line in rollup.read_text().splitlines() if line.startswith("Pss:")), 0)


def growth(small: float, large: float) -> float:
    return large / small


def section_text(small: tuple[Cost, Cost], large: tuple[Cost, Cost]) -> str:
    names = ("the first time", "nothing changed")
    rows = [cost.cells(name) for costs in (small, large) for cost, name in zip(costs, names, strict=True)]
    grown = [
        "the first time grew",
        *(f"{growth(one, other):.1f}-fold" for one, other in zip(small[0], large[0], strict=True)),
    ]
    facts = {
        **machine_facts(),
        "localsocket-review": version("localsocket-review"),
        "date": datetime.now(UTC).date().isoformat(),
    }
    head = ["review of C++", "lines", "s", "CPU s", "peak MiB"]
    note = (
        "*Written by `python benchmarks/review_growth.py`: trees that `benchmarks/review_tree.py` writes, start "
        "included. "
        f"Machine and versions: {', '.join(f'{name} {value}' for name, value in facts.items())}.*"
    )
    return f"{table(head, [*rows, grown])}\n{note}\n"


if __name__ == "__main__":
    typer.run(measure_growth)
