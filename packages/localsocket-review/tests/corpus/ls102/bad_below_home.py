import os
import socket
from pathlib import Path

HOME = Path.home() / ".lamp"


class Lamp:
    def serve(self) -> None:
        HOME.mkdir(exist_ok=True)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(str(HOME / "lamp.sock"))  # expect: LS102
        server.listen()
        with server:
            while True:
                self.answer(server.accept()[0])

    def answer(self, connection: socket.socket) -> None:
        with connection:
            connection.sendall(b"on\n")


def place() -> Path:
    chosen = os.environ.get("LAMP_HOME")
    return Path(chosen) if chosen else Path.home() / ".lamp"


def serve_datagrams() -> None:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(f"{place()}/datagrams.sock")  # expect: LS102
    with server:
        while True:
            print(len(server.recv(100)))
