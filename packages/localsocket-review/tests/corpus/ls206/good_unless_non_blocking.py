import asyncio
import socket


async def take(path: str) -> None:
    client = socket.socket(socket.AF_UNIX)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, path)
    client.sendall(b"x")
    client.close()
