"""What a connection sent is read by its descriptor, as a file is, and run."""

import os
import subprocess
from socket import AF_UNIX, socket

PATIENCE = 5


def serve(server: socket) -> None:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(PATIENCE)
            command = os.read(connection.fileno(), 1024)
            subprocess.run(command, shell=True, check=False)  # expect: LS109


class Worker:
    def __init__(self, path: str) -> None:
        connection = socket(AF_UNIX)
        connection.connect(path)
        self.descriptor = connection.detach()

    def work(self) -> None:
        command = os.read(self.descriptor, 1024)
        os.system(command.decode())  # expect: LS109
        os.write(self.descriptor, command * 1000)  # expect: LS207


def main(path: str, server: socket) -> None:
    Worker(path).work()
    serve(server)
