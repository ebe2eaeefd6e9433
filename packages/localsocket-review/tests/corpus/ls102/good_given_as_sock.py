import asyncio
import os
import socket


def take(place):
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.fchmod(door.fileno(), 0o600)
    door.bind(place)
    return door


class Kiosk:
    def __init__(self, place):
        self.door = take(place)

    async def open(self):
        kiosk = await asyncio.start_unix_server(self.answer, sock=self.door)
        async with kiosk:
            await kiosk.serve_forever()

    async def answer(self, reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()
