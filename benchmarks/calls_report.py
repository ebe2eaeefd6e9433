"""The comparison of calls as text: its generated part of docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from calls_peers import PEERS, Peer
from calls_rows import IN_FLIGHT, OURS, TARGETS, Target
from report import bytes_checked, latencies, machine_line, rate_with_spread, ratio_text, table
from results import Comparison, RowResult

MARKER = "compare_calls"

INTRODUCTION = """\
## Calls, and other libraries

*Written by `python benchmarks/compare_calls.py`. Change it there: what stands between the two markers
is replaced by the next run, what stands outside them is kept.*

### What was measured

A function that returns its argument, bytes, called in another process over a local socket: one call after
the other on one connection, and with {in_flight} calls on their way at any time. Each runs for {seconds:g} s.

The others are used in the way that was the fastest for them in a trial, which is also said in the table:
gRPC with generic handlers that take and give bytes, on its synchronous face with 8 workers and on `grpc.aio`;
RPyC with the remote function fetched once and compression turned off; Pyro5 with its serializer msgpack
(the default hands out bytes as base64 in a dict), and since neither a proxy nor its connection carries
more than one call, with as many of both as there are calls in flight; pynng with two threads that serve;
iceoryx2, which has no calls of this kind, with a service for each direction, whose ends wait on events or look
again without end, which takes a processor for each; zenoh with a queryable and a querier on a Unix socket.

"Pure Python" is localsocket without its compiled core, at both ends. The others are as they come from PyPI.
"""

SEQUENTIAL = """\
### One call after the other

Latency of a call in µs, p50 / p99; in brackets the lowest and highest p50 of all rounds.
"""

MANY = """\
### {in_flight} calls in flight

Calls per second; in brackets those of the slowest and the fastest round.
"""

RATIOS = """\
### What it should be

The ratio of ours to theirs, of medians: of p50 with one call after the other, where less is better, and of
calls per second with {in_flight} in flight, where more is better. Of two ways to use one library the better
counts. `multiprocessing.connection` has no ids, types or limits.
"""

HONESTY = """\
### How calls are kept honest

- Rounds: {rounds}. In each, all libraries measure one row before the next row begins, and another
  goes first than in the round before. The tables show medians.
- No round is left out: all of them are in [{results}]({results}).
- Every echo is compared with what was sent, one of several arguments in turn. {bytes_checked}.
- Connecting is not timed, nor is what ends in a warm-up of up to 0.3 s.
- Client and server are both Python programs of one thread, where the library does not start more.
"""

REPETITION = """\
### How to repeat this

```sh
pip install -e '.[bench]'
python benchmarks/compare_calls.py --rounds {rounds} --seconds {seconds:g}
```
"""


class TableText(NamedTuple):
    """A table for the page, and for the terminal."""

    head: Sequence[str]
    lines: list[list[str]]

    def __str__(self) -> str:
        return table(self.head, self.lines)


def section_text(comparison: Comparison, results: str) -> str:
    settings = comparison.settings
    parts = [
        INTRODUCTION.format(seconds=settings.seconds, in_flight=IN_FLIGHT),
        machine_line(comparison),
        SEQUENTIAL,
        str(sequential_table(comparison)),
        MANY.format(in_flight=IN_FLIGHT),
        str(in_flight_table(comparison)),
        RATIOS.format(in_flight=IN_FLIGHT),
        str(target_table(comparison)),
        HONESTY.format(rounds=settings.rounds, bytes_checked=bytes_checked(comparison), results=results),
        REPETITION.format(rounds=settings.rounds, seconds=settings.seconds),
    ]
    return "\n".join(parts)


def results_of(comparison: Comparison, test: str) -> list[RowResult]:
    return [result for result in comparison.rows if result.row.test == test]


def peers_of(comparison: Comparison) -> list[Peer]:
    return [peer for peer in PEERS if any(peer.name in result.programs for result in comparison.rows)]


def sequential_table(comparison: Comparison) -> TableText:
    results = results_of(comparison, "sequential")
    head = ["library", *(f"{result.row.chunk_bytes:,} B" for result in results)]
    peers = peers_of(comparison)
    return TableText(head, [[peer.title, *(latency_cell(result, peer.name) for result in results)] for peer in peers])


def latency_cell(result: RowResult, peer: str) -> str:
    figures = result.figures(peer, "p50_us")
    if not figures:
        return result.reason_for_no_figures(peer)
    return f"{latencies(result, peer)} ({min(figures):,.0f}–{max(figures):,.0f})"


def in_flight_table(comparison: Comparison) -> TableText:
    results = results_of(comparison, "inflight")
    head = ["library, and how it is used", *(f"{result.row.chunk_bytes:,} B" for result in results)]
    lines = [
        [f"{peer.title}: {peer.in_flight}", *(rate_with_spread(result, peer.name) for result in results)]
        for peer in peers_of(comparison)
    ]
    return TableText(head, lines)


def target_table(comparison: Comparison) -> TableText:
    head = ["row, and to whom", "target", *(side.title for side in OURS)]
    lines = [
        [f"{result.row.label}, {target.other.title}", target.demand, *target_cells(target, result)]
        for target in TARGETS
        for result in comparison.rows
        if target.is_of(result.row)
    ]
    return TableText(head, lines)


def target_cells(target: Target, result: RowResult) -> list[str]:
    ratios = [target.ratio(result, side) for side in OURS]
    return [f"{ratio_text(ratio)} {target.verdict(ratio)}" for ratio in ratios]
