import asyncio
import pickle as serializer
from pickle import loads as decode

import yaml


async def handle(reader, writer):
    head = await reader.readexactly(4)
    body = await reader.readexactly(min(int.from_bytes(head, "big"), 65536))
    request = decode(body)  # expect: LS107
    writer.write(serializer.dumps(request))
    await writer.drain()
    writer.close()


class Feed(asyncio.Protocol):
    def __init__(self):
        self.buffer = bytearray()

    def data_received(self, data):
        self.buffer += data
        while b"\n" in self.buffer:
            line, _, rest = self.buffer.partition(b"\n")
            self.buffer = rest
            print(serializer.loads(bytes(line)), yaml.unsafe_load(line))  # expect: LS107


async def main(path):
    async with await asyncio.start_unix_server(handle, path) as server:
        await server.serve_forever()
