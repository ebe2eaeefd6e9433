import asyncio
import socket


def ask(path: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        return connection.recv(1024)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    question = await reader.readline()
    writer.write(question + await asyncio.to_thread(ask, "/run/demo/oracle"))
    await writer.drain()
    await asyncio.sleep(1)
    writer.close()


async def relay(path: str) -> None:
    loop = asyncio.get_running_loop()
    listener = socket.socket(socket.AF_UNIX)
    listener.setblocking(False)
    await loop.sock_connect(listener, path)
    try:
        print(await loop.sock_recv(listener, 100))
    finally:
        listener.close()


class Lines(asyncio.Protocol):
    def __init__(self, backend: asyncio.Transport) -> None:
        self.backend = backend

    def data_received(self, data: bytes) -> None:
        self.backend.write(data)
