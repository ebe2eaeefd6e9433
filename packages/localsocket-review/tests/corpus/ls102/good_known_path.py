import asyncio
import os
import socket
from pathlib import Path

RUN = Path("/srv") / "editor"


async def handle(reader, writer):
    writer.close()


async def serve():
    RUN.mkdir(mode=0o700)
    return await asyncio.start_unix_server(handle, path=RUN / "control.sock")


class Log:
    path = "/var/lib/editor/log.sock"

    def open(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        os.fchmod(self.socket.fileno(), 0o600)
        self.socket.bind(self.path)
