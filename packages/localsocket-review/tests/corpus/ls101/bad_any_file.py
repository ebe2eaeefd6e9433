import os
import socket
from typing import Any


class Packet:
    def __init__(self, fields: list[Any]) -> None:
        self.fields = fields

    def next_field(self) -> Any:
        return self.fields.pop(0)


def set_mode(path: str, mode: int) -> None:
    os.chmod(path, mode | 0o666)  # expect: LS101


def answer(kind: str, packet: Packet) -> None:
    if kind == "open":
        set_mode(packet.next_field(), 0o600)
    elif kind == "make":
        set_mode(f"/srv/files/{packet.next_field()}", packet.next_field())


def forward(packet: Packet) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"/srv/files/{packet.next_field()}")  # expect: LS102
    server.listen()
    return server
