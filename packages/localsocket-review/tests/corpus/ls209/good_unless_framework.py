import asyncio
import socket
import tempfile


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(copy(reader, writer))


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()


async def run(path: str) -> None:
    server = await asyncio.start_unix_server(serve, path)
    await server.serve_forever()


def for_ever(path: str) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    while True:
        connection, _ = listener.accept()
        connection.close()


class Temporary:
    def __init__(self) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(tempfile.mkdtemp() + "/door")
        self.listener.listen()

    def close(self) -> None:
        self.listener.close()
