"""The mode is set after listening, but the umask has kept others out from the start: only that one is told of."""

import asyncio
import os


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.readline())
    writer.close()


async def serve(path: str) -> None:
    os.umask(0o077)  # expect: LS103
    server = await asyncio.start_unix_server(answer, path)
    os.chmod(path, 0o600)
    await server.serve_forever()
