import asyncio
from tempfile import mktemp


class Kiosk:
    def __init__(self):
        self.door = mktemp("door")

    async def open(self, answer):
        kiosk = await asyncio.start_unix_server(answer, self.door)  # expect: LS124
        async with kiosk:
            await kiosk.serve_forever()
