import asyncio
import socket

from PySide6.QtNetwork import QLocalServer


async def handle(reader, writer):
    writer.close()


async def adopt():
    return await asyncio.start_unix_server(handle, sock=socket.socket(fileno=3))


def adopt_qt(server: QLocalServer, descriptor: int) -> bool:
    return server.listen(descriptor)
