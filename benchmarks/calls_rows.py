"""The rows of the comparison of calls, and how near each of the other libraries ours should come in them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from results import Figure, RowResult
from rows import Row

ARGUMENT_BYTES = (100, 100000)
IN_FLIGHT = 64


@dataclass(frozen=True)
class CallRow(Row):
    """A chunk is the argument here, and a message the call with its answer."""

    @property
    def label(self) -> str:
        test = "one after the other" if self.test == "sequential" else f"{IN_FLIGHT} in flight"
        return f"{test}, {self.chunk_bytes:,} B"

    def arguments(self, seconds: float, round_trips: int) -> list[str]:
        return [self.test, "--argument-bytes", str(self.chunk_bytes), "--seconds", str(seconds)]


def chosen_rows(sizes: Collection[int]) -> list[CallRow]:
    """Return the rows with arguments of such sizes; all of them where none are given."""
    return [
        CallRow(test, "process", 1, size)
        for test in ("sequential", "inflight")
        for size in ARGUMENT_BYTES
        if not sizes or size in sizes
    ]


class Side(NamedTuple):
    """One side of a ratio: the ways to use a library, of which the best counts."""

    title: str
    peers: tuple[str, ...]

    def best(self, result: RowResult, figure: Figure) -> float | None:
        medians = [result.median(peer, figure) for peer in self.peers]
        measured = [median for median in medians if median is not None]
        if not measured:
            return None
        return min(measured) if figure == "p50_us" else max(measured)


class Target(NamedTuple):
    """What a ratio to another library should be: at most `limit` for a latency, at least for a rate."""

    test: str
    argument_bytes: int
    figure: Figure
    other: Side
    limit: float

    @property
    def demand(self) -> str:
        return f"{'≤' if self.figure == 'p50_us' else '≥'} {self.limit:g}"

    def is_of(self, row: Row) -> bool:
        return (self.test, self.argument_bytes) == (row.test, row.chunk_bytes)

    def ratio(self, result: RowResult, ours: Side) -> float | None:
        our_best, their_best = ours.best(result, self.figure), self.other.best(result, self.figure)
        return our_best / their_best if our_best and their_best else None

    def verdict(self, ratio: float | None) -> str:
        if ratio is None:
            return "not measured"
        is_met = ratio <= self.limit if self.figure == "p50_us" else ratio >= self.limit
        return "met" if is_met else "fell short"


OURS = (
    Side("`localsocket.Client`", ("blocking", "blocking-threads")),
    Side("`aio.Client`", ("aio",)),
    Side("`aio.Client`, uvloop", ("aio-uvloop",)),
    Side("`localsocket.Client`, pure Python", ("blocking-pure",)),
)

MULTIPROCESSING = Side("`multiprocessing.connection`", ("multiprocessing",))
PYZMQ = Side("pyzmq", ("pyzmq",))
GRPC = Side("gRPC", ("grpc", "grpc-aio"))

TARGETS = (
    Target("sequential", 100, "p50_us", MULTIPROCESSING, 0.2),
    Target("sequential", 100, "p50_us", Side("iceoryx2, busy polling", ("iceoryx2-polling",)), 0.5),
    Target("sequential", 100, "p50_us", GRPC, 0.2),
    Target("sequential", 100000, "p50_us", PYZMQ, 0.25),
    Target("sequential", 100000, "p50_us", Side("iceoryx2, waiting on events", ("iceoryx2",)), 1.0),
    Target("inflight", 100, "messages_per_second", PYZMQ, 5),
    Target("inflight", 100, "messages_per_second", GRPC, 5),
    Target("inflight", 100, "messages_per_second", Side("Pyro5", ("pyro5",)), 1.5),
    Target("inflight", 100, "messages_per_second", Side("RPyC", ("rpyc",)), 1.5),
    Target("inflight", 100000, "messages_per_second", PYZMQ, 2.5),
    Target("inflight", 100000, "messages_per_second", GRPC, 5),
)
