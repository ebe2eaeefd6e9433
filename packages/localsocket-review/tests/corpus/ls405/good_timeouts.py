import asyncio
import socket

CONNECT_TIMEOUT = 3
WRITE_TIMEOUT = 0.25


def ask(path, question):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(CONNECT_TIMEOUT)
        client.connect(path)
        client.settimeout(WRITE_TIMEOUT)
        client.sendall(question)
        return client.makefile("rb").readline(4096)


async def ask_later(path, question):
    reader, writer = await asyncio.wait_for(asyncio.open_unix_connection(path), timeout=CONNECT_TIMEOUT)
    writer.write(question)
    await writer.drain()
    line = await asyncio.wait_for(reader.readline(), timeout=CONNECT_TIMEOUT)
    writer.close()
    return line
