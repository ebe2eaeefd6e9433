"""Measure how many lines a second `localsocket review` reads, beside other tools on the same files.

Run it as `python benchmarks/compare_review.py --python TREE --cpp TREE`; it needs the package localsocket-review.
bandit, clang-tidy and clazy are measured where they are installed, the latter two where the headers are there that the
tree includes. Their rules are others: the figures say what a run costs, not what it finds.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from comparing import DOCS
from localsocket.tools.machine import machine_facts
from localsocket_review.reading.collecting import collect
from localsocket_review.reading.languages import CPP_SUFFIXES, PYTHON_SUFFIXES
from report import write_section

MARKER = "compare_review"
COMPILED = frozenset({".c", ".cc", ".cpp", ".cxx"})


class Run(NamedTuple):
    """How long a command took, and how long all its processes computed, which others on the machine do not change."""

    seconds: float
    cpu_seconds: float


class Tool(NamedTuple):
    name: str
    command: list[str]
    lines: int


class Figure(NamedTuple):
    tool: str
    code: str
    lines: int
    runs: list[Run]

    def cells(self) -> str:
        seconds = [run.seconds for run in self.runs]
        median, cpu = statistics.median(seconds), statistics.median(run.cpu_seconds for run in self.runs)
        spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
        rate = f"{self.lines / median:,.0f}"
        return f"| {self.tool} | {self.code} | {self.lines:,} | {median:.2f} | {spread} | {cpu:.2f} | {rate} |"


def compare(
    *,
    python: Annotated[Path | None, typer.Option(help="A tree of Python.")] = None,
    cpp: Annotated[list[Path] | None, typer.Option(help="A tree of C and C++; may be given again.")] = None,
    flag: Annotated[
        list[str] | None, typer.Option(help="A compiler's flag for clang-tidy and clazy, such as -Ipath.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    output_dir: Annotated[Path, typer.Option(help="Where review.md is.")] = DOCS,
) -> None:
    """Run every tool on the same files, round by round, and write lines per second to docs/review.md."""
    figures: list[Figure] = []
    if python is not None:
        files = [path for path in collect([python]) if path.suffix in PYTHON_SUFFIXES]
        figures += measure(f"Python: {python.name}", python, files, found_tools(["bandit"], files, ["-q"]), rounds)
    for tree in cpp or []:
        files = [path for path in collect([tree]) if path.suffix in CPP_SUFFIXES]
        sources = [path for path in files if path.suffix in COMPILED]
        compilers = found_tools(["clang-tidy", "clazy-standalone"], sources, ["--", "-std=c++17", *(flag or [])])
        figures += measure(f"C++: {tree.name}", tree, files, compilers, rounds)
    if not figures:
        raise typer.BadParameter("name a tree: --python, --cpp, or both")
    text = section_text(figures, rounds)
    write_section(output_dir / "review.md", MARKER, text)
    Console().print(text, highlight=False)


def measure(code: str, tree: Path, files: list[Path], tools: list[Tool], rounds: int) -> list[Figure]:
    """Measure a review of the tree, the same once more when nothing has changed, and what other tools take."""
    review = [sys.executable, "-m", "localsocket_review", "--fail-on", "none", "--format", "json", str(tree)]
    cold = Figure("localsocket review", code, lines_of(files), [])
    warm = Figure("the same, nothing changed", code, lines_of(files), [])
    others = [Figure(tool.name, code, tool.lines, []) for tool in tools]
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as directory:
            environment = {**os.environ, "XDG_CACHE_HOME": directory}
            cold.runs.append(run(review, environment))
            warm.runs.append(run(review, environment))
        for figure, tool in zip(others, tools, strict=True):
            figure.runs.append(run(tool.command, dict(os.environ)))
    return [cold, warm, *others]


def found_tools(names: list[str], files: list[Path], flags: list[str]) -> list[Tool]:
    """Return those that are installed, and find the headers that the files need."""
    tools = []
    for name in names:
        found = shutil.which(name)
        if found is None or not files:
            continue
        trial = subprocess.run([found, str(files[0]), *flags], capture_output=True, text=True, check=False)
        if "file not found" not in trial.stdout + trial.stderr:  # where it ends at a header that is missing
            tools.append(Tool(name, [found, *map(str, files), *flags], lines_of(files)))
    return tools


def run(command: list[str], environment: dict[str, str]) -> Run:
    computed, began = computed_by_children(), time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return Run(time.perf_counter() - began, computed_by_children() - computed)


def computed_by_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def lines_of(files: list[Path]) -> int:
    return sum(path.read_bytes().count(b"\n") for path in files)


def section_text(figures: list[Figure], rounds: int) -> str:
    head = "| tool | code | lines | median s | spread s | CPU s | lines/s |\n|---|---|---:|---:|---|---:|---:|"
    rows = "\n".join(figure.cells() for figure in figures)
    facts = {**machine_facts(), **dict(versions(figures)), "date": datetime.now(UTC).date().isoformat()}
    note = (
        f"*Written by `python benchmarks/compare_review.py`: {rounds} rounds, tool by tool, start included. "
        "clang-tidy and clazy compile each file with its headers, which takes most of their time, and have no headers "
        f"among their lines. Machine and versions: {', '.join(f'{name} {value}' for name, value in facts.items())}.*"
    )
    return f"{head}\n{rows}\n\n{note}\n"


def versions(figures: list[Figure]) -> Iterator[tuple[str, str]]:
    """Yield each tool that was measured with what it says of its version."""
    yield "localsocket", version("localsocket")
    for tool in dict.fromkeys(figure.tool for figure in figures):
        if (found := shutil.which(tool)) is not None:
            told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
            numbers = re.findall(r"\d+(?:\.\d+)+", told)
            yield tool, numbers[-1] if tool.startswith("clazy") else numbers[0]


if __name__ == "__main__":
    typer.run(compare)
