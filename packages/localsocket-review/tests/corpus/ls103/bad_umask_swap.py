import asyncio
import os


async def handle(reader, writer):
    writer.close()


async def serve(path):
    before = os.umask(0o177)  # expect: LS103
    try:
        return await asyncio.start_unix_server(handle, path)
    finally:
        os.umask(before)
