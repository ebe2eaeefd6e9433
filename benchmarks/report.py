"""A comparison as text: tables for a page of the documentation, and the place between its markers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from results import Comparison, Figure, RowResult
from rows import Row

IN_PURE_PYTHON = "pure Python msg/s"
"""The head of a column about the same program without the compiled core."""

NOT_MEASURED = "not measured"


class Pair(NamedTuple):
    """Two programs, with the names for people, and how many times as fast as the other the first should be."""

    program: str
    name: str
    other: str
    other_name: str
    target_of: Callable[[Row], float]

    def figures(self, result: RowResult) -> list[str]:
        """Return the ratio, the target, and whether it is met."""
        ratio, target = result.ratio(self.program, self.other), self.target_of(result.row)
        return [ratio_text(ratio), f"{target:g}", verdict(ratio, target)]


def write_section(path: Path, marker: str, text: str) -> None:
    """Replace what stands between the two comments that `marker` names, or add it at the end."""
    begin, end = f"<!-- {marker}:begin -->", f"<!-- {marker}:end -->"
    page = path.read_text(encoding="utf-8") if path.exists() else "# Benchmarks\n"
    section = f"{begin}\n{text}{end}"
    if begin in page and end in page:
        before, rest = page.split(begin, 1)
        after = rest.split(end, 1)[1]
        page = before + section + after
    else:
        page = f"{page.rstrip()}\n\n{section}\n"
    path.write_text(page, encoding="utf-8")


def machine_line(comparison: Comparison) -> str:
    facts = [f"{name} {value}" for name, value in comparison.machine.items()]
    return f"Machine and versions: {', '.join(facts)}.\n"


def bytes_checked(comparison: Comparison) -> str:
    wrong = comparison.total("corrupted")
    finding = f"{wrong:,} bytes of it wrong" if wrong else "no byte of it wrong"
    return f"{comparison.total('bytes_received') / 2**30:,.0f} GiB came back in this run, {finding}"


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column is text and whose others are figures: IN_PURE_PYTHON only where it has some."""
    columns = [each for each in zip(head, *lines, strict=True) if set(each) != {IN_PURE_PYTHON, NOT_MEASURED}]
    head, *lines = zip(*columns, strict=True)
    alignment = ["---", *["---:" for _ in head[1:]]]
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, alignment, *lines))


def rate(result: RowResult, program: str) -> str:
    figure = result.median(program, "messages_per_second")
    return "–" if figure is None else f"{figure:,.0f}"


def rate_or_reason(result: RowResult, program: str) -> str:
    if result.figures(program, "messages_per_second"):
        return rate(result, program)
    return result.reason_for_no_figures(program)


def rate_with_spread(result: RowResult, program: str) -> str:
    figures = result.figures(program, "messages_per_second")
    spread = f" ({min(figures):,.0f}–{max(figures):,.0f})" if figures else ""
    return rate_or_reason(result, program) + spread


def ratio_text(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f}"


def verdict(ratio: float | None, target: float) -> str:
    if ratio is None:
        return NOT_MEASURED
    return "met" if ratio >= target else "fell short"


def latencies(result: RowResult, program: str) -> str:
    figures: tuple[Figure, ...] = ("p50_us", "p99_us")
    medians = [result.median(program, figure) for figure in figures]
    return " / ".join("–" if value is None else f"{value:,.0f}" for value in medians)
