import asyncio


class Session:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.is_running = True

    async def line(self) -> str:
        line = await self.reader.readline()
        return line.decode().strip()

    async def run(self) -> None:
        while self.is_running:
            try:
                command = await self.line()  # expect: LS208
                if command == "stop":
                    self.is_running = False
                self.writer.write(b"ok\n")
                await self.writer.drain()
            except UnicodeDecodeError:
                continue


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    data = None
    while data != b"bye\n":
        data = await reader.readline()  # expect: LS208
        writer.write(data)
        await writer.drain()
