"""What a connection sent names an entry of a table; what is read and run comes from a file and from a pipe."""

import os
import subprocess
from socket import AF_UNIX, socket

PATIENCE = 5
COMMANDS = {b"date\n": ["date"], b"uptime\n": ["uptime"]}


def line_of(connection: socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(connection.fileno(), 64)
        if not piece or len(line) > 64:
            return b""
        line += piece
    return line


def serve(server: socket) -> None:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(PATIENCE)
            command = COMMANDS.get(line_of(connection))
            if command is not None:
                subprocess.run(command, check=False)


class Worker:
    def __init__(self, path: str) -> None:
        connection = socket(AF_UNIX)
        connection.connect(path)
        self.descriptor = connection.detach()

    def work(self, path: str) -> None:
        with open(path, encoding="utf-8") as file:
            os.system(os.read(file.fileno(), 1024).decode())
        reading, writing = os.pipe()
        os.write(writing, b"date")
        os.system(os.read(reading, 1024).decode())
        answer = b"done" * 1000
        while answer:
            answer = answer[os.write(self.descriptor, answer) :]


def main(path: str, server: socket) -> None:
    Worker(path).work("commands")
    serve(server)
