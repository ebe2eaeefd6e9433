"""The rows of the two measurements: data exchange for a time, and ping-pong for a number of round trips."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeAlias

from localsocket.tools.bare_exchange import LARGEST_CHUNK, BareExchange
from localsocket.tools.closed_loop import ClosedLoops, Exchange
from localsocket.tools.echo_server import ServerKind, echo_server
from localsocket.tools.faces import Face, loop_maker
from localsocket.tools.open_files import raise_open_file_limit
from localsocket.tools.socket_factory import SocketFactory

PING_PONG_TIMEOUT = 290.0
Written: TypeAlias = Face | Literal["socket"]
"""What both ends are written with: a face, or for comparison Python's `socket` alone."""

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
    face: Written = "blocking"

    def to_dict(self) -> dict[str, object]:
        return {key: getattr(self, key) for key in ("test", "face", "server", "connections", "chunk_bytes")}


@dataclass(frozen=True, slots=True)
class Row:
    """One measured row; `seconds` is how long it took, latencies are those of a chunk's round trip."""

    test: str
    face: str
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


Ends: TypeAlias = Callable[[RowPlan], contextlib.AbstractContextManager[ClosedLoops]]
"""Starts the server that a row needs, and gives the sockets that are connected to it."""


def plan_exchange(
    server: ServerKind, connections: Sequence[int], chunks: Sequence[int], seconds: float, face: Face = "blocking"
) -> list[RowPlan]:
    return [
        RowPlan("exchange", server, count, chunk_bytes=chunk, seconds=seconds, face=face)
        for count in connections
        for chunk in chunks
    ]


def plan_ping_pong(
    server: ServerKind, connections: Sequence[int], round_trips: int, face: Face = "blocking"
) -> list[RowPlan]:
    return [RowPlan("pingpong", server, count, round_trips=round_trips, face=face) for count in connections]


def for_comparison(plans: Sequence[RowPlan]) -> list[RowPlan]:
    """Return a row of Python's `socket` alone for each size of chunk, on one connection to another process."""
    bare = [replace(plan, face="socket", server="process", connections=1) for plan in plans]
    return [plan for plan in dict.fromkeys(bare) if plan.chunk_bytes <= LARGEST_CHUNK]


@contextlib.contextmanager
def ends_on_face(plan: RowPlan) -> Iterator[ClosedLoops]:
    """Have both ends on the plan's face."""
    if plan.face == "socket":
        with BareExchange(plan.chunk_bytes) as sockets:
            yield sockets
        return
    address = f"localsocket-{plan.test}-{os.getpid()}-{secrets.token_hex(4)}"
    with echo_server(address, plan.server, plan.face), _sockets(plan, plan.face, address) as sockets:
        yield sockets


def measure(plans: Sequence[RowPlan], open_ends: Ends = ends_on_face) -> Iterator[Row | SkippedRow]:
    """Measure the rows one after the other, each with a server of its own."""
    limit = raise_open_file_limit()
    for plan in plans:
        needed = plan.connections * (2 if plan.server == "thread" else 1) + _RESERVED_FILES
        if needed > limit:
            yield SkippedRow(plan, f"needs {needed} open files and this process may have {limit}")
        else:
            with open_ends(plan) as sockets:
                row = _measure(plan, sockets)
            yield row


def _sockets(plan: RowPlan, face: Face, address: str) -> ClosedLoops:
    if face == "blocking":
        return SocketFactory(address, connections=plan.connections, chunk_bytes=plan.chunk_bytes)
    from localsocket.tools.aio_socket_factory import AioSocketFactory  # asyncio is loaded for it alone

    return AioSocketFactory(
        address, connections=plan.connections, chunk_bytes=plan.chunk_bytes, new_loop=loop_maker(face)
    )


def _measure(plan: RowPlan, sockets: ClosedLoops) -> Row:
    if plan.round_trips:
        return _row(plan, sockets.run_round_trips(plan.round_trips, timeout=PING_PONG_TIMEOUT))
    return _row(plan, sockets.run_for(plan.seconds))


def _row(plan: RowPlan, exchange: Exchange) -> Row:
    if plan.round_trips:
        # The quota is what was asked for; what fast connections did beyond it is not counted, as in Qt's benchmark.
        rate = max(1, plan.round_trips // plan.connections) * plan.connections / exchange.seconds
    else:
        rate = exchange.messages_per_second
    return Row(
        test=plan.test,
        face=plan.face,
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
