import asyncio
import json


class Commands(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data: bytes) -> None:  # expect: LS205
        verb, *words = data.decode().split()
        if verb == "echo":
            self.transport.write(" ".join(words).encode())


async def chunk(reader: asyncio.StreamReader) -> bytes:
    return await reader.read(65536)  # expect: LS205


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    message = json.loads(await chunk(reader))
    writer.write(json.dumps(message).encode())
    await writer.drain()
    match (await reader.read(100)).strip():  # expect: LS205
        case b"bye":
            writer.close()
