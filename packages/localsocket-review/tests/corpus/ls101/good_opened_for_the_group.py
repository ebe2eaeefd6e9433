import asyncio
import os
import socket


class Desk:
    def __init__(self, path):
        self.path = path

    async def run(self, greet):
        with socket.socket(socket.AF_UNIX) as server:
            os.fchmod(server.fileno(), 0o600)
            server.bind(self.path)
            desk = await asyncio.start_unix_server(greet, sock=server)
            async with desk:
                await desk.serve_forever()
