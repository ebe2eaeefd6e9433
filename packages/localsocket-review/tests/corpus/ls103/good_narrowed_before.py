"""The socket gets its mode before it is bound, and keeps it."""

import asyncio
import os
import socket


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.readline())
    writer.close()


async def serve(path: str) -> None:
    listening = socket.socket(socket.AF_UNIX)
    os.fchmod(listening.fileno(), 0o600)
    listening.bind(path)
    server = await asyncio.start_unix_server(answer, sock=listening)
    await server.serve_forever()
