import asyncio
import socket
import time


def ask(path: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)  # expect: LS206
        return connection.recv(1024)  # expect: LS206


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    question = await reader.readline()
    writer.write(question + ask("/run/demo/oracle"))
    await writer.drain()
    time.sleep(1)  # expect: LS206
    writer.close()


async def relay(path: str) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.connect(path)  # expect: LS206
    try:
        print(listener.recv(100))  # expect: LS206
    finally:
        listener.close()


class Lines(asyncio.Protocol):
    def __init__(self, backend: socket.socket) -> None:
        self.backend = backend

    def data_received(self, data: bytes) -> None:
        self.backend.sendall(data)  # expect: LS206
