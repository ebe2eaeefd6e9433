"""The comparison as text: the generated part of docs/benchmarks.md."""

from __future__ import annotations

from pathlib import Path

from qt_results import Comparison, Figure, RowResult
from qt_rows import SERVERS

BEGIN = "<!-- compare_qt:begin -->"
END = "<!-- compare_qt:end -->"

TABLE_HEAD = (
    "row",
    "localsocket msg/s",
    "Qt msg/s",
    "Qt, `flush()` msg/s",
    "C epoll msg/s",
    "ratio to Qt",
    "target",
    "",
    "ratio to C",
    "p50 / p99 µs",
    "Qt p50 / p99 µs",
)

INTRODUCTION = """\
## localsocket and Qt

*Written by `python benchmarks/compare_qt.py`. Change it there: what stands between the two markers
is replaced by the next run, what stands outside them is kept.*

![Ratios of messages per second to Qt](benchmarks.svg)

### What was measured

Qt's own benchmark of its local sockets. A server echoes what it receives. Clients, all in one
thread, connect one after the other and then keep one chunk each on its way: what comes back is
checked and answered with the bytes that follow, and a chunk that arrives in pieces is answered in
pieces.

- **exchange** runs for {seconds:g} s; messages per second are the bytes the clients received, by
  the chunk's size.
- **ping-pong** makes {round_trips:,} round trips of one byte, the same number on every connection,
  and ends when the slowest connection has made its share; fast ones go on until then, uncounted.
- The server is another process, or a thread of the clients' process.

Four programs do this:

- **localsocket**, as `localsocket exchange` and `localsocket pingpong` run it.
- **Qt**: `QLocalServer` and `QLocalSocket` with their defaults, used as in Qt's benchmark.
- **Qt, `flush()`**: the same program with one more line, a `flush()` after each `write()`. Qt
  otherwise leaves the sending to its event loop, which costs it a turn of that loop per message.
- **C epoll**: a bare loop in C at both ends, the ceiling.
"""

HONESTY = """\
### How it is kept honest

- Rounds: {rounds}. In each, all programs measure one row before the next row begins, and another
  program goes first than in the round before. The tables show medians, and for localsocket the
  lowest and highest round.
- No round is left out: all of them are in [benchmarks.json](benchmarks.json).
- Each program checks every byte against two alternating patterns and records the time of every
  round trip: from the moment a chunk's last byte can leave to the moment it is back.
  {gibibytes:,.0f} GiB came back in this run, {corrupted}.
- Connecting is not timed for anyone. All C and C++ code is built with `-O2` on the spot.
- A ratio to Qt is the median of localsocket over the median of Qt. The targets were set before
  localsocket was written, from a sketch of a hundred lines of Python.
"""

REPETITION = """\
### How to repeat it

```sh
apt-get install qt6-base-dev pkg-config g++
pip install -e '.[bench]'
python benchmarks/compare_qt.py --rounds {rounds} --seconds {seconds:g}
```

`--quick` shows in a few minutes that everything works, without touching these pages.
"""


def write_section(comparison: Comparison, path: Path) -> None:
    """Replace what stands between the markers in `path`, or add it at the end."""
    text = path.read_text(encoding="utf-8") if path.exists() else "# Benchmarks\n"
    section = f"{BEGIN}\n{section_text(comparison)}{END}"
    if BEGIN in text and END in text:
        before, rest = text.split(BEGIN, 1)
        after = rest.split(END, 1)[1]
        text = before + section + after
    else:
        text = f"{text.rstrip()}\n\n{section}\n"
    path.write_text(text, encoding="utf-8")


def section_text(comparison: Comparison) -> str:
    settings = comparison.settings
    wrong = comparison.total("corrupted")
    parts = [
        INTRODUCTION.format(seconds=settings.seconds, round_trips=settings.round_trips),
        "### Results\n",
        machine_line(comparison),
        *server_tables(comparison),
        HONESTY.format(
            rounds=settings.rounds,
            gibibytes=comparison.total("bytes_received") / 2**30,
            corrupted=f"{wrong:,} bytes of it wrong" if wrong else "no byte of it wrong",
        ),
        REPETITION.format(rounds=settings.rounds, seconds=settings.seconds),
    ]
    return "\n".join(parts)


def machine_line(comparison: Comparison) -> str:
    facts = [f"{name} {value}" for name, value in comparison.machine.items()]
    return f"Machine and versions: {', '.join(facts)}.\n"


def server_tables(comparison: Comparison) -> list[str]:
    parts = []
    for server in SERVERS:
        results = [result for result in comparison.rows if result.row.server == server]
        if results:
            parts += [f"#### Server in a {server}\n", table(results)]
    return parts


def table(results: list[RowResult]) -> str:
    alignment = ["---", *["---:" for _ in TABLE_HEAD[1:]]]
    lines = [TABLE_HEAD, alignment, *(table_row(result) for result in results)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def table_row(result: RowResult) -> list[str]:
    return [
        result.row.label,
        rate_with_spread(result, "localsocket"),
        rate_or_reason(result, "qt"),
        rate_or_reason(result, "qt_flush"),
        rate_or_reason(result, "c_epoll"),
        ratio_text(result.ratio("qt")),
        f"{result.row.target:g}",
        verdict(result),
        ratio_text(result.ratio("c_epoll")),
        latencies(result, "localsocket"),
        latencies(result, "qt"),
    ]


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


def verdict(result: RowResult) -> str:
    ratio = result.ratio("qt")
    if ratio is None:
        return "not measured"
    return "met" if ratio >= result.row.target else "fell short"


def latencies(result: RowResult, program: str) -> str:
    figures: tuple[Figure, ...] = ("p50_us", "p99_us")
    medians = [result.median(program, figure) for figure in figures]
    return " / ".join("–" if value is None else f"{value:,.0f}" for value in medians)
