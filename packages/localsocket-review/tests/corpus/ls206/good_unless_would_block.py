import asyncio
import socket


class Drain(asyncio.Protocol):
    def __init__(self, other: socket.socket) -> None:
        self.other = other

    def connection_lost(self, error: Exception | None) -> None:
        try:
            print(self.other.recv(100))
        except BlockingIOError:
            print("nothing left")


async def answers(client: socket.socket) -> bytes:
    return await asyncio.to_thread(client.recv, 10)
