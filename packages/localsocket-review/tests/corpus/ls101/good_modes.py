import os
import socket
import stat
from pathlib import Path

MODE = 0o600


class Door:
    def __init__(self, runtime: Path) -> None:
        self.path = runtime / "door"
        self.socket = socket.socket(socket.AF_UNIX)

    def open(self) -> None:
        os.fchmod(self.socket.fileno(), stat.S_IRUSR | stat.S_IWUSR)
        self.socket.bind(str(self.path))


def narrow(path, mode):
    os.chmod(path, mode)


def serve(path):
    server = socket.socket(socket.AF_UNIX)
    narrow(os.path.dirname(path), 0o700)
    server.bind(path)
    os.chmod(path + ".pid", 0o644)
    return server
