import asyncio
import socket


def ask(path, question):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(3)  # expect: LS405
        client.connect(path)
        client.settimeout(0.25)
        client.sendall(question)
        return client.makefile("rb").readline(4096)


async def ask_later(path, question):
    reader, writer = await asyncio.wait_for(asyncio.open_unix_connection(path), 7)
    writer.write(question)
    await writer.drain()
    line = await asyncio.wait_for(reader.readline(), 7)
    writer.close()
    return line
