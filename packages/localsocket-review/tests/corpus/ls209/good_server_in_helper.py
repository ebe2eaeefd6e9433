import asyncio


class Kitchen:
    def __init__(self, path: str) -> None:
        self.path = path
        self.orders: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async for line in reader:
                self.orders.put_nowait(line)
        finally:
            writer.close()

    async def cook(self) -> None:
        while True:
            print(await self.orders.get())

    async def open(self) -> None:
        cook = asyncio.get_running_loop().create_task(self.cook())
        server = await asyncio.start_unix_server(self.take, self.path)
        async with server:
            await asyncio.gather(server.serve_forever(), cook)
