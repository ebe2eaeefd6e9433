import asyncio
import socket
import time


async def connect(path: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    while True:
        try:
            await loop.sock_connect(client, path)
            return client
        except ConnectionRefusedError:
            await asyncio.sleep(2)
            print(time.ctime())
