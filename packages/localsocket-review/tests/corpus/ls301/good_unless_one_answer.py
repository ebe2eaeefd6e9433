import asyncio


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()


async def main(path: str) -> None:
    async with await asyncio.start_unix_server(serve, path) as server:
        await server.serve_forever()
