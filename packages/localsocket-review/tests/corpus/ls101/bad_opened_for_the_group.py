import asyncio
import os


class Desk:
    def __init__(self, path):
        self.path = path

    async def run(self, greet):
        desk = await asyncio.start_unix_server(greet, self.path)
        os.chmod(self.path, 0o660)  # expect: LS101
        async with desk:
            await desk.serve_forever()
