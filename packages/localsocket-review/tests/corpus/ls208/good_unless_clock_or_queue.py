import asyncio
import socket
import time


def patient(client: socket.socket) -> bytes:
    found = b""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        found += client.recv(99)
    return found


async def serve(jobs: asyncio.Queue, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(await jobs.get())
        await writer.drain()
        print(await reader.readline())
