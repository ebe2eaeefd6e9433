import os

import trio


async def answer(stream):
    command = await stream.receive_some(1000)
    if command:
        os.system("date")


async def serve(listener):
    await trio.serve_listeners(answer, [listener])
