"""Measure how many lines a second `localsocket review` reads, beside other tools on the same files.

Run it as `python benchmarks/compare_review.py --python TREE --cpp TREE`; it needs the extra `review`. bandit,
clang-tidy and clazy are measured where they are installed, the latter two where the headers are there that the tree
includes. Their rules are others: the figures say what a run costs, not what it finds.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from comparing import DOCS
from localsocket.review.reading.collecting import CPP_SUFFIXES, PYTHON_SUFFIXES, collect
from report import write_section

MARKER = "compare_review"
COMPILED = frozenset({".c", ".cc", ".cpp", ".cxx"})


class Figure(NamedTuple):
    tool: str
    language: str
    lines: int
    seconds: list[float]

    def cells(self) -> str:
        median = statistics.median(self.seconds)
        spread = f"{min(self.seconds):.2f} to {max(self.seconds):.2f}"
        return (
            f"| {self.tool} | {self.language} | {self.lines:,} | {median:.2f} | {spread} | {self.lines / median:,.0f} |"
        )


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
        figures += reviewed(files, python, "Python", rounds)
        figures += other("bandit", files, "Python", rounds, flags=["-q"])
    for tree in cpp or []:
        files = [path for path in collect([tree]) if path.suffix in CPP_SUFFIXES]
        figures += reviewed(files, tree, "C++", rounds)
        sources = [path for path in files if path.suffix in COMPILED]
        flags = ["--", "-std=c++17", *(flag or [])]
        for tool in ("clang-tidy", "clazy-standalone"):
            figures += other(tool, sources, "C++", rounds, flags=flags)
    if not figures:
        raise typer.BadParameter("name a tree: --python, --cpp, or both")
    text = section_text(figures, rounds)
    write_section(output_dir / "review.md", MARKER, text)
    Console().print(text, highlight=False)


def reviewed(files: list[Path], tree: Path, language: str, rounds: int) -> list[Figure]:
    """Measure a review of the tree, and the same once more when nothing has changed."""
    command = [sys.executable, "-m", "localsocket", "review", "--fail-on", "none", "--format", "json", str(tree)]
    cold, warm = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as directory:
            environment = {**os.environ, "XDG_CACHE_HOME": directory}
            cold.append(seconds_of(command, environment))
            warm.append(seconds_of(command, environment))
    lines = lines_of(files)
    return [
        Figure("localsocket review", language, lines, cold),
        Figure("the same, nothing changed", language, lines, warm),
    ]


def other(tool: str, files: list[Path], language: str, rounds: int, *, flags: list[str]) -> list[Figure]:
    found = shutil.which(tool)
    if found is None or not files:
        return []
    trial = subprocess.run([found, str(files[0]), *flags], capture_output=True, text=True, check=False)
    if "file not found" in trial.stdout + trial.stderr:
        return []  # it ends at a header that is missing
    command = [found, *map(str, files), *flags]
    return [Figure(tool, language, lines_of(files), [seconds_of(command, dict(os.environ)) for _ in range(rounds)])]


def seconds_of(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - began


def lines_of(files: list[Path]) -> int:
    return sum(path.read_bytes().count(b"\n") for path in files)


def section_text(figures: list[Figure], rounds: int) -> str:
    head = "| tool | language | lines | median s | spread s | lines/s |\n|---|---|---:|---:|---|---:|"
    rows = "\n".join(figure.cells() for figure in figures)
    note = (
        f"*Written by `python benchmarks/compare_review.py`: {rounds} runs each, start included, on {os.cpu_count()} "
        f"cores, CPython {sys.version.split()[0]}. clang-tidy and clazy compile each file with its headers, which "
        "takes most of their time; the lines are those of the files alone.*"
    )
    return f"{head}\n{rows}\n\n{note}\n"


if __name__ == "__main__":
    typer.run(compare)
