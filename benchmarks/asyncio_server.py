"""The echo servers that localsocket.aio is compared with, each in a process of its own.

`python asyncio_server.py KIND PATH` says "ready" when it serves, and ends when its input does.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

from localsocket.tools.open_files import raise_open_file_limit

BACKLOG = 4096
READ_SIZE = 256 * 1024


async def echo_stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Echo as one does with streams."""
    try:
        while data := await reader.read(READ_SIZE):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # the client left in the middle
    finally:
        writer.close()


class EchoProtocol(asyncio.Protocol):
    """Echo as directly as a loop allows: no buffer, no task, no back-pressure."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


async def streams_server(path: str) -> asyncio.Server:
    return await asyncio.start_unix_server(echo_stream, path, backlog=BACKLOG)


async def protocol_server(path: str) -> asyncio.Server:
    return await asyncio.get_running_loop().create_unix_server(EchoProtocol, path, backlog=BACKLOG)


async def serve(kind: str, path: str) -> None:
    server = await (protocol_server(path) if kind == "protocol" else streams_server(path))
    async with server:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


def main(kind: str, path: str) -> None:
    raise_open_file_limit()
    new_loop = asyncio.new_event_loop if kind == "streams" else uvloop.new_event_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(serve(kind, path))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
