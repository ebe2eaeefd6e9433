"""The comparison with asyncio as text: its generated part of docs/benchmarks.md."""

from __future__ import annotations

from asyncio_rows import ON_STOCK_LOOP, ON_UVLOOP, SERVERS_ON_UVLOOP, pure
from report import IN_PURE_PYTHON, Pair, bytes_checked, latencies, machine_line, rate_or_reason, rate_with_spread, table
from results import Comparison, RowResult

MARKER = "compare_asyncio"

INTRODUCTION = """\
## localsocket.aio and asyncio

*Written by `python benchmarks/compare_asyncio.py`. Change it there: what stands between the two markers
is replaced by the next run, what stands outside them is kept.*

### What was measured

The rows of `localsocket exchange` and `localsocket pingpong`, with the server in a process of its own:
every connection keeps one chunk on its way, and what comes back is checked and answered.

- **exchange** runs for {seconds:g} s; messages per second are the bytes the clients received, by
  the chunk's size.
- **ping-pong** makes {round_trips:,} round trips of one byte, the same number on every connection,
  and ends when the slowest connection has made its share.

"Pure Python", where it was measured, is the same as in the column before it, without the compiled core, at both ends.
"""

STREAMS = """\
### Against asyncio's own streams

Both ends of `aio` are those of `localsocket exchange --face aio`, with one task for each connection. Both
ends of "streams" do the same with `start_unix_server()` and `open_unix_connection()`: `reader.read()`, then
`writer.write()` and `await writer.drain()`, in the same tasks and with the same checks.
"""

SERVERS = """\
### The server against a bare Protocol

Both servers run on uvloop. One is `aio.serve()` with a handler that reads and writes; the other is a
`Protocol` whose `data_received()` calls `transport.write()`, without a task, a buffer, a time-out or a limit.
The clients are the same for both: those of `localsocket exchange` on its blocking face.
"""

HONESTY = """\
### How these are kept honest

- Rounds: {rounds}. In each, all programs measure one row before the next row begins, and another
  program goes first than in the round before. The tables show medians, and for localsocket the
  lowest and highest round; a ratio is one of medians.
- No round is left out: all of them are in [{results}]({results}).
- Every byte is checked against two alternating patterns. {bytes_checked}.
- Connecting is not timed, nor is the first round trip of each connection.
"""

REPETITION = """\
### How to repeat these

```sh
pip install -e '.[bench]'
python benchmarks/compare_asyncio.py --rounds {rounds} --seconds {seconds:g} --round-trips {round_trips}
```
"""


def section_text(comparison: Comparison, results: str) -> str:
    settings = comparison.settings
    parts = [
        INTRODUCTION.format(seconds=settings.seconds, round_trips=settings.round_trips),
        machine_line(comparison),
        STREAMS,
        "On the stock loop:\n",
        pair_table(comparison, ON_STOCK_LOOP),
        "On uvloop:\n",
        pair_table(comparison, ON_UVLOOP),
        SERVERS,
        pair_table(comparison, SERVERS_ON_UVLOOP),
        HONESTY.format(rounds=settings.rounds, bytes_checked=bytes_checked(comparison), results=results),
        REPETITION.format(rounds=settings.rounds, seconds=settings.seconds, round_trips=settings.round_trips),
    ]
    return "\n".join(parts)


def pair_table(comparison: Comparison, pair: Pair) -> str:
    head = (
        "row",
        f"`{pair.name}` msg/s",
        IN_PURE_PYTHON,
        f"{pair.other_name} msg/s",
        "ratio",
        "target",
        "",
        "p50 / p99 µs",
        f"{pair.other_name} p50 / p99 µs",
    )
    return table(head, (pair_line(result, pair) for result in comparison.rows))


def pair_line(result: RowResult, pair: Pair) -> list[str]:
    return [
        result.row.label,
        rate_with_spread(result, pair.program),
        rate_or_reason(result, pure(pair.program)),
        rate_or_reason(result, pair.other),
        *pair.figures(result),
        latencies(result, pair.program),
        latencies(result, pair.other),
    ]
