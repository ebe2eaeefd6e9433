import asyncio


class Collector(asyncio.Protocol):
    def __init__(self) -> None:
        self.collected = bytearray()

    def data_received(self, data: bytes) -> None:
        self.collected += data  # expect: LS301

    def connection_lost(self, error: Exception | None) -> None:
        print(bytes(self.collected))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        data = await reader.read(65536)
        if not data:
            break
        writer.write(data)  # expect: LS301
    writer.close()


async def main(path: str) -> None:
    loop = asyncio.get_running_loop()
    async with await asyncio.start_unix_server(echo, path + ".echo") as other:
        async with await loop.create_unix_server(Collector, path) as server:
            await asyncio.gather(server.serve_forever(), other.serve_forever())
