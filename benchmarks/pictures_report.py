"""Two pictures of how fast calls are, and their part of docs/benchmarks.md: all made of the measured rounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import fill
from typing import NamedTuple

from bar_picture import Column, Line, picture, shown
from calls_rows import IN_FLIGHT, CallRow
from report import machine_line
from results import Comparison, Figure, RowResult

MARKER = "pictures"

LABELS = {
    "blocking": "localsocket",
    "blocking-pure": "localsocket, pure Python",
    "multiprocessing": "multiprocessing",
    "pyzmq": "pyzmq",
    "grpc": "gRPC",
    "rpyc": "RPyC",
    "pyro5": "Pyro5",
    "iceoryx2": "iceoryx2, events",
    "zenoh": "zenoh",
}
KINDS = {"blocking": "ours", "blocking-pure": "pure"}


class Panel(NamedTuple):
    """A row as a column of a picture: the figure that is shown, and by what it is divided."""

    row: CallRow
    column: Column
    figure: Figure
    divisor: float = 1


class Picture(NamedTuple):
    """What is measured for a picture, and shown in it; the lines are in the order of the panel `by`."""

    name: str
    title: str
    peers: tuple[str, ...]
    panels: tuple[Panel, ...]
    by: int

    @property
    def rows(self) -> list[CallRow]:
        return [panel.row for panel in self.panels]


def _one_by_one(size: int, title: str, unit: str, divisor: float) -> Panel:
    return Panel(
        CallRow("sequential", "process", 1, size), Column(title, f"{unit}, shorter is better"), "p50_us", divisor
    )


CALLS = Picture(
    "calls",
    "A call with 100 bytes, to another process and back",
    tuple(LABELS),
    (
        _one_by_one(100, "one after the other", "µs", 1),
        Panel(
            CallRow("inflight", "process", 1, 100),
            Column(f"{IN_FLIGHT} at once", "calls per second, longer is better"),
            "messages_per_second",
        ),
    ),
    by=0,
)
# gRPC takes 4 MB at most unless it is told otherwise, and RPyC and Pyro5 are not made for large data.
PAYLOADS = Picture(
    "payloads",
    "Bytes to another process and back, by one call after the other",
    ("blocking", "blocking-pure", "multiprocessing", "pyzmq", "iceoryx2", "zenoh"),
    (
        _one_by_one(100_000, "100 kB", "µs", 1),
        _one_by_one(1_000_000, "1 MB", "µs", 1),
        _one_by_one(8 * 1024 * 1024, "8 MiB", "ms", 1000),
    ),
    by=2,
)
PICTURES = (CALLS, PAYLOADS)

TEXT = """\
## In two pictures

*Written by `python benchmarks/pictures.py`. Change it there: what stands between the two markers
is replaced by the next run, what stands outside them is kept.*

![Calls of 100 bytes: how long one takes, and how many there are per second](picture-calls.svg)

{calls}

![Bytes of three sizes: how long a call takes that sends them and gets them back](picture-payloads.svg)

{payloads}

{notes}

{machine}
```sh
pip install -e '.[bench]' iceoryx2 eclipse-zenoh
python benchmarks/pictures.py --measure
```
"""

NOTES = (
    "Bars are medians of {rounds} rounds of {seconds:g} s each, in which all libraries take turns and every echo is "
    "compared with what was sent; all rounds are in [picture-calls.json](picture-calls.json) and "
    "[picture-payloads.json](picture-payloads.json). [Further down](#calls-and-other-libraries) is how each library is "
    "used. localsocket has limits of 32 MiB here, and memory for that; `multiprocessing.connection` and iceoryx2 have "
    "no calls, limits or types. {conditions}"
)

PAGE_WIDTH = 118

QUIET = 0.5
"""The load up to which a machine counts as having nothing else to do."""


def svg(shape: Picture, comparison: Comparison) -> str:
    results = [result_of(comparison, panel.row) for panel in shape.panels]
    lines = []
    for peer in shape.peers:
        values = [value_of(panel, result, peer) for panel, result in zip(shape.panels, results, strict=True)]
        if any(value is not None for value in values):
            lines.append(Line(LABELS[peer], KINDS.get(peer, ""), values))
    # A library without a figure there comes last.
    lines.sort(key=lambda line: (line.values[shape.by] is None, line.values[shape.by]))
    return picture(shape.title, [panel.column for panel in shape.panels], lines)


def result_of(comparison: Comparison, row: CallRow) -> RowResult:
    return next((result for result in comparison.rows if result.row == row), RowResult(row))


def value_of(panel: Panel, result: RowResult, peer: str) -> float | None:
    median = result.median(peer, panel.figure)
    return None if median is None else median / panel.divisor


def section_text(comparisons: Mapping[str, Comparison]) -> str:
    calls, payloads = comparisons["calls"], comparisons["payloads"]
    latency, rate = CALLS.panels
    one = f"One call takes {_compared(calls, latency, ' µs')}"
    many = f"With {IN_FLIGHT} at once, there are {_compared(calls, rate, ' calls per second')}"
    settings = calls.settings
    return TEXT.format(
        calls=fill(f"{one} {many}", PAGE_WIDTH),
        payloads=fill(f"8 MiB and back take {_compared(payloads, PAYLOADS.panels[-1], ' ms')}", PAGE_WIDTH),
        notes=fill(
            NOTES.format(
                rounds=settings.rounds, seconds=settings.seconds, conditions=" ".join(_conditions(comparisons))
            ),
            PAGE_WIDTH,
            break_long_words=False,
            break_on_hyphens=False,
        ),
        machine=machine_line(calls),
    )


def _compared(comparison: Comparison, panel: Panel, unit: str) -> str:
    result = result_of(comparison, panel.row)
    ours, pure, zmq = (shown(value_of(panel, result, peer)) for peer in ("blocking", "blocking-pure", "pyzmq"))
    return f"{ours}{unit} with `localsocket.Client`, {pure} in pure Python, and {zmq} with pyzmq."


def _conditions(comparisons: Mapping[str, Comparison]) -> list[str]:
    """Say what else the machine had to do, and what was not measured."""
    said = []
    machines = [comparison.machine for comparison in comparisons.values()]
    loads = [float(machine["load"]) for machine in machines]
    if max(loads) > QUIET:
        ahead = ", before which these programs had real-time priority" if _had_priority(machines) else ""
        said.append(
            f"**The machine had other work** (a load of {max(loads):g} when it began){ahead}: all "
            "figures are worse for that, and those of libraries that use several threads most."
        )
    missing = {
        f"{LABELS[peer]}: {run['skipped']}"
        for comparison in comparisons.values()
        for result in comparison.rows
        for peer, runs in result.programs.items()
        for run in runs
        if "skipped" in run
    }
    if missing:
        said.append(f"Left out: {'; '.join(sorted(missing))}.")
    return said


def _had_priority(machines: Iterable[Mapping[str, str]]) -> bool:
    return all(machine["priority"] == "real-time" for machine in machines)
