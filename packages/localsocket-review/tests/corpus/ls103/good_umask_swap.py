import asyncio
import socket


async def handle(reader, writer):
    writer.close()


async def serve(listener: socket.socket):
    return await asyncio.start_unix_server(handle, sock=listener)
