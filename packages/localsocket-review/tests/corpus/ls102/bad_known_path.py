import asyncio
import socket
from pathlib import Path

RUN = Path("/srv") / "editor"


async def handle(reader, writer):
    writer.close()


async def serve():
    return await asyncio.start_unix_server(handle, path=RUN / "control.sock")  # expect: LS102


class Log:
    path = "/var/lib/editor/log.sock"

    def open(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)  # expect: LS102
