import os

import trio


async def answer(stream):
    command = await stream.receive_some(1000)
    os.system(command.decode())  # expect: LS109


async def serve(listener):
    await trio.serve_listeners(answer, [listener])
