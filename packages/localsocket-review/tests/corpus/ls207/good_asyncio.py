import asyncio
import struct


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    header = await reader.readexactly(4)
    size = struct.unpack("<I", header)[0]
    if size > 4096:
        writer.close()
        return
    body = await reader.readexactly(size)
    writer.write(body)
    await writer.drain()


async def number(loop, connection) -> int:
    data = b""
    while len(data) < 8:
        piece = await loop.sock_recv(connection, 8 - len(data))
        if not piece:
            raise EOFError
        data += piece
    return int.from_bytes(data, "little")


async def main(path: str) -> None:
    server = await asyncio.start_unix_server(serve, path)
    async with server:
        await server.serve_forever()
