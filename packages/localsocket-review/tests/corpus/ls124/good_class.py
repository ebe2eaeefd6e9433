import asyncio
import os
from tempfile import mkdtemp


class Kiosk:
    def __init__(self):
        self.door = os.path.join(mkdtemp(), "door")

    async def open(self, answer):
        kiosk = await asyncio.start_unix_server(answer, self.door)
        async with kiosk:
            await kiosk.serve_forever()
