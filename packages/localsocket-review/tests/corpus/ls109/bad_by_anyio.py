import os

import anyio


async def answer(stream):
    command = await stream.receive(1000)
    os.system(command.decode())  # expect: LS109


async def serve():
    listener = await anyio.create_unix_listener("/run/user/1000/act.sock", mode=0o600)
    await listener.serve(answer)
