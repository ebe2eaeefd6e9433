import asyncio
import pickle as serializer
from json import loads as decode

import yaml


async def handle(reader, writer):
    head = await reader.readexactly(4)
    body = await reader.readexactly(min(int.from_bytes(head, "big"), 65536))
    request = decode(body)
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
            print(decode(bytes(line)), yaml.load(line, Loader=yaml.SafeLoader))


async def main(path):
    async with await asyncio.start_unix_server(handle, path) as server:
        await server.serve_forever()
