import asyncio
import os
import socket


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()


async def start(path: str) -> None:
    server = await asyncio.start_unix_server(serve, path)
    async with server:
        print("listening on", path)
        await asyncio.sleep(3600)


class Door:
    def __init__(self, path: str) -> None:
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX)

    def open(self) -> None:
        self.listener.bind(self.path)
        self.listener.listen()

    def next(self) -> socket.socket:
        self.connection = self.listener.accept()[0]
        return self.connection

    def stop(self) -> None:
        self.connection.close()
        self.listener.close()
        os.unlink(self.path)


class Window:
    def __init__(self, path: str) -> None:
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()

    def close(self) -> None:
        self.listener.close()
        os.unlink(self.path)
