import asyncio
import socket


async def serve(place, protocol):
    loop = asyncio.get_running_loop()
    door = socket.socket(socket.AF_UNIX)
    door.bind(place)  # expect: LS102
    kiosk = await loop.create_unix_server(protocol, sock=door)
    async with kiosk:
        await kiosk.serve_forever()
