import asyncio


class Reader:
    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.reader = reader
        self.text = ""

    async def byte(self) -> bytes:
        return await self.reader.read(1)  # expect: LS302

    async def word(self) -> str:
        while True:
            character = (await self.byte()).decode()
            if character in (" ", ""):
                return self.text
            self.text = self.text + character  # expect: LS302
