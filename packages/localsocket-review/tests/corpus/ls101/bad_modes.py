import os
import socket
import stat
from pathlib import Path

MODE = 0o666


class Door:
    def __init__(self, runtime: Path) -> None:
        self.path = runtime / "door"
        self.socket = socket.socket(socket.AF_UNIX)

    def open(self) -> None:
        os.fchmod(self.socket.fileno(), 0o777)  # expect: LS101
        self.socket.bind(str(self.path))
        self.widen()

    def widen(self) -> None:
        os.chmod(self.path, self.path.stat().st_mode | stat.S_IWGRP | stat.S_IWOTH)  # expect: LS101


def let_everybody_in(path, mode):
    os.chmod(path, mode)  # expect: LS101


def serve(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    let_everybody_in(path, MODE)
    os.chmod(server.getsockname(), 0o660)  # expect: LS101, LS103
    return server
