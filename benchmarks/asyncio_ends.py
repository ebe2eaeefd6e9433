"""One row between two given ends: `asyncio_ends.py exchange|pingpong --ends NAME ...`, with a server process for it.

| name | clients | server |
|---|---|---|
| `aio`, `aio-uvloop` | `aio.LocalSocket` | `aio.serve()` |
| `streams`, `streams-uvloop` | `asyncio.open_unix_connection()` | `asyncio.start_unix_server()` |
| `server-aio` | those of `localsocket exchange` | `aio.serve()` on uvloop |
| `server-protocol` | those of `localsocket exchange` | a bare `asyncio.Protocol` on uvloop |
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import uvloop

from asyncio_server import READ_SIZE
from localsocket.tools.aio_socket_factory import AioSocketFactory, TaskFactory
from localsocket.tools.closed_loop import ClosedLoop, ClosedLoops
from localsocket.tools.echo_server import echo_server, server_process
from localsocket.tools.faces import Face
from localsocket.tools.machine import machine_facts
from localsocket.tools.measure import PING_PONG_TIMEOUT, RowPlan, measure
from localsocket.tools.socket_factory import SocketFactory

OTHER_SERVERS = Path(__file__).parent / "asyncio_server.py"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class StreamsFactory(TaskFactory[Streams]):
    """Opens many connections with asyncio's own streams."""

    async def connect(self) -> Streams:
        return await asyncio.open_unix_connection(self.address)

    async def exchange(self, connection: Streams, stream: ClosedLoop) -> None:
        reader, writer = connection
        writer.write(stream.first_chunk)
        while data := await reader.read(READ_SIZE):
            writer.write(self.answer(stream, data))
            await writer.drain()
        raise ConnectionResetError("the server left")

    async def close(self, connection: Streams) -> None:
        _, writer = connection
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


class Ends(NamedTuple):
    """What starts a server process at a path, and what makes the clients."""

    serve: Callable[[str], contextlib.AbstractContextManager[None]]
    sockets: Callable[..., ClosedLoops]


def our_server(face: Face) -> Callable[[str], contextlib.AbstractContextManager[None]]:
    return lambda path: echo_server(path, "process", face)


def other_server(kind: str) -> Callable[[str], contextlib.AbstractContextManager[None]]:
    return lambda path: server_process([sys.executable, str(OTHER_SERVERS), kind, path])


ENDS = {
    "aio": Ends(our_server("aio"), AioSocketFactory),
    "streams": Ends(other_server("streams"), StreamsFactory),
    "aio-uvloop": Ends(our_server("aio-uvloop"), partial(AioSocketFactory, new_loop=uvloop.new_event_loop)),
    "streams-uvloop": Ends(other_server("streams-uvloop"), partial(StreamsFactory, new_loop=uvloop.new_event_loop)),
    "server-aio": Ends(our_server("aio-uvloop"), SocketFactory),
    "server-protocol": Ends(other_server("protocol"), SocketFactory),
}


@contextlib.contextmanager
def open_ends(ends: Ends, plan: RowPlan) -> Iterator[ClosedLoops]:
    """Connect the clients to a new server, and use every connection once."""
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/socket"
        with (
            ends.serve(path),
            ends.sockets(path, connections=plan.connections, chunk_bytes=plan.chunk_bytes) as sockets,
        ):
            # Streams are given to their loop when they connect, our sockets when they first wait: time neither.
            sockets.run_round_trips(plan.connections, timeout=PING_PONG_TIMEOUT)
            yield sockets


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure one row between two given ends, and print it as JSON.")
    parser.add_argument("test", choices=["exchange", "pingpong"])
    parser.add_argument("--ends", choices=ENDS, required=True)
    parser.add_argument("--server", choices=["process"], required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--chunk", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--round-trips", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    asked = parse_arguments()
    plan = RowPlan(
        asked.test,
        asked.server,
        asked.connections,
        chunk_bytes=asked.chunk,
        seconds=asked.seconds,
        round_trips=asked.round_trips,
    )
    (row,) = measure([plan], partial(open_ends, ENDS[asked.ends]))
    print(json.dumps({"machine": machine_facts(), "rows": [row.to_dict()]}))


if __name__ == "__main__":
    main()
