import asyncio
import json


class Commands(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) > 65536:
            self.transport.abort()
        while b"\n" in self.buffer:
            line, _, self.buffer = self.buffer.partition(b"\n")
            verb, *words = line.decode().split()
            if verb == "echo":
                self.transport.write(" ".join(words).encode())


async def chunk(reader: asyncio.StreamReader) -> bytes:
    return await reader.readline()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    message = json.loads(await chunk(reader))
    writer.write(json.dumps(message).encode())
    await writer.drain()
    match (await reader.readline()).strip():
        case b"bye":
            writer.close()
