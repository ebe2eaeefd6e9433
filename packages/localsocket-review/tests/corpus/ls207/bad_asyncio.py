import asyncio
import struct


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    header = await reader.read(4)  # expect: LS207
    size = struct.unpack("<I", header)[0]
    if size > 4096:
        writer.close()
        return
    body = await reader.read(size)  # expect: LS207
    writer.write(body)
    await writer.drain()


async def number(loop, connection) -> int:
    return int.from_bytes(await loop.sock_recv(connection, 8), "little")  # expect: LS207


async def main(path: str) -> None:
    server = await asyncio.start_unix_server(serve, path)
    async with server:
        await server.serve_forever()
