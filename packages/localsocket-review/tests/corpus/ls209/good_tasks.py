import asyncio
import signal


class Relay:
    def __init__(self, path: str) -> None:
        self.path = path
        self.loop = asyncio.get_event_loop()
        self.tasks: set[asyncio.Task[None]] = set()

    def start(self, work) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.start(self.copy(reader, writer))
        await asyncio.ensure_future(self.copy(reader, writer))

    async def copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()

    async def stop(self) -> None:
        self.loop.stop()

    async def run(self) -> None:
        self.stopping = self.loop.create_task(self.stop())
        self.loop.add_signal_handler(signal.SIGTERM, lambda: self.start(self.stop()))
        async with await asyncio.start_unix_server(self.serve, self.path) as server:
            await server.serve_forever()
