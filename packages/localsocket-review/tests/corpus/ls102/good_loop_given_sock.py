import asyncio
import os
import socket


def private_socket():
    door = socket.socket(socket.AF_UNIX)
    os.fchmod(door.fileno(), 0o600)
    return door


async def serve(place, protocol):
    loop = asyncio.get_running_loop()
    door = private_socket()
    door.bind(place)
    kiosk = await loop.create_unix_server(protocol, sock=door)
    async with kiosk:
        await kiosk.serve_forever()
