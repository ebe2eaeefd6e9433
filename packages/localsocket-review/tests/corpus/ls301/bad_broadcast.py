import asyncio


class Hub:
    def __init__(self) -> None:
        self.writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        while line := await reader.readline():
            for other in self.writers:
                other.write(line)  # expect: LS301
        self.writers.discard(writer)


async def main(path: str) -> None:
    async with await asyncio.start_unix_server(Hub().serve, path) as server:
        await server.serve_forever()
