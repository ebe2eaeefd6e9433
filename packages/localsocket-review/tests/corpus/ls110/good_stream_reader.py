import asyncio

MAXIMUM = 65536


class Session:
    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.reader = reader
        self.size = 0

    async def head(self) -> None:
        self.size = int.from_bytes(await self.reader.readexactly(8), "big")

    async def body(self) -> bytes:
        if not 0 < self.size <= MAXIMUM:  # guard
            raise ValueError(self.size)  # guard
        return await self.reader.readexactly(self.size)

    async def space(self) -> bytearray:
        length = min(int(await self.reader.readline()), MAXIMUM)
        return bytearray(length)
