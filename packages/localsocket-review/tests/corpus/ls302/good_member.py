import asyncio


class Reader:
    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.reader = reader
        self.text = ""

    async def word(self) -> str:
        self.text = (await self.reader.readuntil(b" ")).decode()
        return self.text
