"""`localsocket exchange` and `localsocket pingpong`: a table for a person, JSON for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from localsocket.cli.declaring import Option
from localsocket.cli.exit_status import ExitStatus, WrongUsage
from localsocket.cli.options import AsJson
from localsocket.cli.output import print_json, print_piece, print_table
from localsocket.cli.progress_bar import ProgressBar
from localsocket.errors import Unsupported
from localsocket.tools.echo_server import ServerKind
from localsocket.tools.faces import Face, check_face
from localsocket.tools.machine import machine_facts
from localsocket.tools.measure import (
    Row,
    RowPlan,
    SkippedRow,
    for_comparison,
    measure,
    plan_exchange,
    plan_ping_pong,
)

_NUMBERS = ("connections", "chunk bytes", "messages/s", "MiB/s", "p50 µs", "p99 µs", "corrupted")
_TITLES = ("test", "face", "server", *_NUMBERS)

_LEGEND = """
messages/s  chunks that came back, per second, over all connections together
p50, p99    microseconds from sending a chunk to having it back: half, and 99 of 100, took no longer
corrupted   bytes that came back wrong, which should be 0
server      thread: in this process, where Python runs in one thread at a time, so that clients and server take turns;
            process: in one of its own, without that limit: --server process, or localsocket serve for a service
face        socket: Python's own socket module, for comparison; it has no names, limits or deadlines
"""
_COMPARED = """\
Compare rows with the same connections and chunk bytes; those of one connection also with the face socket.
docs/benchmarks.md compares with Qt's C++ and with other libraries, on one machine and with the spread.
"""


def _whole_numbers(text: str) -> list[int]:
    """Parse "1,5,10"; every number is at least 1."""
    numbers = [int(part) if part.strip().isdecimal() else 0 for part in text.split(",")]
    if not all(numbers):
        raise WrongUsage(f"{text!r} is not a list of whole numbers from 1 on, such as 1,5,10")
    return numbers


def _available_face(face: Face) -> Face:
    """Refuse a face whose loop is not installed."""
    try:
        check_face(face)
    except Unsupported as error:
        raise WrongUsage(str(error)) from None
    return face


Connections: TypeAlias = Annotated[str, Option(help="Numbers of sockets, one row each.", metavar="N,N,...")]
Server: TypeAlias = Annotated[
    Literal["both", "thread", "process"],
    Option(help="Where the echo server runs: in a thread here, in a process of its own, or one row of each."),
]
FaceOfBothEnds: TypeAlias = Annotated[
    Face, Option("--face", help="What both ends are written with; aio-uvloop needs uvloop.", check=_available_face)
]


def exchange(
    connections: Connections = "1,5,10",
    chunk: Annotated[
        str, Option(help="Bytes sent at once, one row each.", metavar="N,N,...")
    ] = "100,1000,10000,100000",
    seconds: Annotated[float, Option(minimum=0.01, metavar="SECONDS", help="How long each row takes.")] = 0.6,
    server: Server = "both",
    face: FaceOfBothEnds = "blocking",
    as_json: AsJson = False,
) -> None:
    """Exchange data: every socket keeps one chunk in flight and checks every byte that comes back."""
    counts, chunks = _whole_numbers(connections), _whole_numbers(chunk)
    plans = [plan for kind in _kinds(server) for plan in plan_exchange(kind, counts, chunks, seconds, face)]
    _run_rows(plans, as_json)


def pingpong(
    connections: Connections = "10,50,100,1000,5000",
    round_trips: Annotated[int, Option(minimum=1, help="Round trips of one byte, shared by the sockets.")] = 100_000,
    server: Server = "both",
    face: FaceOfBothEnds = "blocking",
    as_json: AsJson = False,
) -> None:
    """Ping-pong: single bytes go back and forth until every socket has done its share of the round trips."""
    counts = _whole_numbers(connections)
    plans = [plan for kind in _kinds(server) for plan in plan_ping_pong(kind, counts, round_trips, face)]
    _run_rows(plans, as_json)


def _kinds(server: Literal["both", "thread", "process"]) -> tuple[ServerKind, ...]:
    return ("thread", "process") if server == "both" else (server,)


def _run_rows(plans: Sequence[RowPlan], as_json: bool) -> None:
    """Measure and print the rows; the exit status is 1 if a byte came back wrong."""
    rows = _measure_with_progress([*for_comparison(plans), *plans])
    if as_json:
        print_json(json.dumps({"machine": machine_facts(), "rows": [row.to_dict() for row in rows]}))
    else:
        _print_rows(rows)
    if any(isinstance(row, Row) and row.corrupted for row in rows):
        sys.exit(ExitStatus.FAILED)


def _measure_with_progress(plans: Sequence[RowPlan]) -> list[Row | SkippedRow]:
    rows: list[Row | SkippedRow] = []
    # Drawn between the rows only: a thread that redraws would take its time from the measurement.
    with ProgressBar() as bar:
        measured = measure(plans)
        for done, plan in enumerate(plans):
            bar.draw(done, len(plans), f"{plan.connections} connections, {plan.chunk_bytes} bytes")
            rows.append(next(measured))
    return rows


def _print_rows(rows: Sequence[Row | SkippedRow]) -> None:
    print_table(
        _TITLES, [_cells(row) if isinstance(row, Row) else _skipped_cells(row) for row in rows], numbers=_NUMBERS
    )
    for row in rows:
        if isinstance(row, SkippedRow):
            print_piece(f"skipped {row.plan.test} with {row.plan.connections} connections: {row.reason}\n")
    machine = machine_facts()
    print_piece(f"{_LEGEND}\nMeasured on {machine['cores']} cores of {machine['cpu']}, {machine['kernel']}, ")
    print_piece(f"{machine['python']}.\n{_COMPARED}")


def _cells(row: Row) -> list[str]:
    return [
        row.test,
        row.face,
        row.server,
        str(row.connections),
        str(row.chunk_bytes),
        f"{row.messages_per_second:,.0f}",
        f"{row.mib_per_second:,.1f}",
        f"{row.p50_us:,.0f}",
        f"{row.p99_us:,.0f}",
        str(row.corrupted),
    ]


def _skipped_cells(row: SkippedRow) -> list[str]:
    plan = row.plan
    return [plan.test, plan.face, plan.server, str(plan.connections), str(plan.chunk_bytes), "skipped", *[""] * 4]


COMMANDS = {"exchange": exchange, "pingpong": pingpong}
