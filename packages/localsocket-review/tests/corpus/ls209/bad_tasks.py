import asyncio
import signal


class Relay:
    def __init__(self, path: str) -> None:
        self.path = path
        self.loop = asyncio.get_event_loop()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asyncio.create_task(self.copy(reader, writer))  # expect: LS209
        asyncio.ensure_future(self.copy(reader, writer))  # expect: LS209

    async def copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()

    async def stop(self) -> None:
        self.loop.stop()

    async def run(self) -> None:
        self.loop.create_task(self.stop())  # expect: LS209
        self.loop.add_signal_handler(signal.SIGTERM, lambda: asyncio.create_task(self.stop()))  # expect: LS209
        async with await asyncio.start_unix_server(self.serve, self.path) as server:
            await server.serve_forever()
