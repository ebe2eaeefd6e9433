"""The rows of the two measurements: data exchange for a time, and ping-pong for a number of round trips."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from localsocket.tools.echo_server import ServerKind, echo_server
from localsocket.tools.open_files import raise_open_file_limit
from localsocket.tools.socket_factory import Exchange, SocketFactory

PING_PONG_TIMEOUT = 290.0
_RESERVED_FILES = 64  # what an interpreter and a loop have open besides the connections


@dataclass(frozen=True, slots=True)
class RowPlan:
    """One row to measure: an exchange for `seconds`, or a ping-pong of `round_trips` one-byte chunks."""

    test: str
    server: ServerKind
    connections: int
    chunk_bytes: int = 1
    seconds: float = 0.0
    round_trips: int = 0

    def to_dict(self) -> dict[str, object]:
        return {key: getattr(self, key) for key in ("test", "server", "connections", "chunk_bytes")}


@dataclass(frozen=True, slots=True)
class Row:
    """One measured row; `seconds` is how long it took, latencies are those of a chunk's round trip."""

    test: str
    server: str
    connections: int
    chunk_bytes: int
    seconds: float
    bytes_received: int
    messages_per_second: float
    mib_per_second: float
    corrupted: int
    p50_us: float
    p99_us: float

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that could not be measured here, and why."""

    plan: RowPlan
    reason: str

    def to_dict(self) -> dict[str, object]:
        return {**self.plan.to_dict(), "skipped": self.reason}


def plan_exchange(
    server: ServerKind, connections: Sequence[int], chunks: Sequence[int], seconds: float
) -> list[RowPlan]:
    return [
        RowPlan("exchange", server, count, chunk_bytes=chunk, seconds=seconds)
        for count in connections
        for chunk in chunks
    ]


def plan_ping_pong(server: ServerKind, connections: Sequence[int], round_trips: int) -> list[RowPlan]:
    return [RowPlan("pingpong", server, count, round_trips=round_trips) for count in connections]


def measure(plans: Sequence[RowPlan]) -> Iterator[Row | SkippedRow]:
    """Measure the rows one after the other, each with a server of its own."""
    limit = raise_open_file_limit()
    for plan in plans:
        needed = plan.connections * (2 if plan.server == "thread" else 1) + _RESERVED_FILES
        if needed > limit:
            yield SkippedRow(plan, f"needs {needed} open files and this process may have {limit}")
        else:
            yield _measure(plan)


def _measure(plan: RowPlan) -> Row:
    address = f"localsocket-{plan.test}-{os.getpid()}-{secrets.token_hex(4)}"
    with (
        echo_server(address, plan.server),
        SocketFactory(address, connections=plan.connections, chunk_bytes=plan.chunk_bytes) as factory,
    ):
        if plan.round_trips:
            return _row(plan, factory.run_round_trips(plan.round_trips, timeout=PING_PONG_TIMEOUT))
        return _row(plan, factory.run_for(plan.seconds))


def _row(plan: RowPlan, exchange: Exchange) -> Row:
    if plan.round_trips:
        # The quota is what was asked for; what fast connections did beyond it is not counted, as in Qt's benchmark.
        rate = max(1, plan.round_trips // plan.connections) * plan.connections / exchange.seconds
    else:
        rate = exchange.messages_per_second
    return Row(
        test=plan.test,
        server=plan.server,
        connections=plan.connections,
        chunk_bytes=plan.chunk_bytes,
        seconds=exchange.seconds,
        bytes_received=exchange.bytes_received,
        messages_per_second=rate,
        mib_per_second=exchange.mib_per_second,
        corrupted=exchange.corrupted,
        p50_us=exchange.latency_us(0.5),
        p99_us=exchange.latency_us(0.99),
    )
