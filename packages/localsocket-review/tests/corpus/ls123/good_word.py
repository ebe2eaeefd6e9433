import asyncio

KNOWN = {"open", "shut"}


class Door:
    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        word = (await reader.readline()).decode().strip()
        if word not in KNOWN:
            writer.close()
            return
        writer.write(b"done\n")
        await writer.drain()
        writer.close()

    async def open(self, path):
        door = await asyncio.start_unix_server(self.answer, path)
        async with door:
            await door.serve_forever()
