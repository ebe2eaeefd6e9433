import asyncio


class Session:
    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.reader = reader
        self.size = 0

    async def head(self) -> None:
        self.size = int.from_bytes(await self.reader.readexactly(8), "big")

    async def body(self) -> bytes:
        return await self.reader.readexactly(self.size)  # expect: LS110

    async def space(self) -> bytearray:
        length = int(await self.reader.readline())
        return bytearray(length)  # expect: LS110
