import asyncio
import socket
import struct


async def samples(reader: asyncio.StreamReader) -> None:
    while True:
        (value,) = struct.unpack("!d", await reader.readexactly(8))
        print(value)


def lines(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(path)
        for line in client.makefile():
            print(line)
