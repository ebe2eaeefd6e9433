import asyncio
import socket


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()


async def start(path: str) -> None:
    server = await asyncio.start_unix_server(serve, path)  # expect: LS209, LS403
    print("listening on", path)
    await asyncio.sleep(3600)


class Door:
    def __init__(self, path: str) -> None:
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX)

    def open(self) -> None:
        self.listener.bind(self.path)
        self.listener.listen()  # expect: LS209

    def next(self) -> socket.socket:
        self.connection = self.listener.accept()[0]
        return self.connection

    def stop(self) -> None:
        self.connection.close()


class Window:
    def __init__(self, path: str) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)  # expect: LS209
        self.listener.listen()

    def close(self) -> None:
        self.listener.close()
