"""The settings are a dictionary, which is copied, changed and handed on."""

import asyncio
import sys

DEFAULTS = {"socket": "/var/tmp/queue.sock"}


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.readline())
    writer.close()


async def main(settings: dict) -> None:
    server = await asyncio.start_unix_server(handle, settings["socket"])  # expect: LS105, LS102
    async with server:
        await server.serve_forever()


asyncio.run(main({**DEFAULTS, "name": sys.argv[0]}))
