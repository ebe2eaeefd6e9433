"""The settings are a dictionary, which is copied, changed and handed on."""

import asyncio
import os
import sys

DEFAULTS = {"socket": os.environ["XDG_RUNTIME_DIR"] + "/queue.sock"}


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.readline())
    writer.close()


async def main(settings: dict) -> None:
    server = await asyncio.start_unix_server(handle, settings["socket"])
    async with server:
        await server.serve_forever()


asyncio.run(main({**DEFAULTS, "name": sys.argv[0]}))
