"""The comparison as text: the generated part of docs/benchmarks.md."""

from __future__ import annotations

from qt_rows import PAIR, SERVERS
from report import (
    IN_PURE_PYTHON,
    bytes_checked,
    latencies,
    machine_line,
    rate_or_reason,
    rate_with_spread,
    ratio_text,
    table,
)
from results import Comparison, RowResult

MARKER = "compare_qt"

TABLE_HEAD = (
    "row",
    "localsocket msg/s",
    IN_PURE_PYTHON,
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

These programs do this:

- **localsocket**, row by row what `localsocket exchange` and `localsocket pingpong` run.
- **pure Python**, where it was measured: the same without the compiled core, at both ends.
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
  {bytes_checked}.
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


def section_text(comparison: Comparison) -> str:
    settings = comparison.settings
    parts = [
        INTRODUCTION.format(seconds=settings.seconds, round_trips=settings.round_trips),
        "### Results\n",
        machine_line(comparison),
        *server_tables(comparison),
        HONESTY.format(rounds=settings.rounds, bytes_checked=bytes_checked(comparison)),
        REPETITION.format(rounds=settings.rounds, seconds=settings.seconds),
    ]
    return "\n".join(parts)


def server_tables(comparison: Comparison) -> list[str]:
    parts = []
    for server in SERVERS:
        results = [result for result in comparison.rows if result.row.server == server]
        if results:
            parts += [f"#### Server in a {server}\n", table(TABLE_HEAD, map(table_row, results))]
    return parts


def table_row(result: RowResult) -> list[str]:
    return [
        result.row.label,
        rate_with_spread(result, "localsocket"),
        rate_or_reason(result, "localsocket_pure"),
        rate_or_reason(result, "qt"),
        rate_or_reason(result, "qt_flush"),
        rate_or_reason(result, "c_epoll"),
        *PAIR.figures(result),
        ratio_text(result.ratio("localsocket", "c_epoll")),
        latencies(result, "localsocket"),
        latencies(result, "qt"),
    ]
