import socket
import struct

HEADER = struct.Struct("!HI")
LARGEST = 65536


def read_header(connection: socket.socket) -> tuple[int, int]:
    header = connection.recv(HEADER.size)  # expect: LS207
    kind, size = HEADER.unpack(header)
    return kind, size


def read_message(connection: socket.socket) -> bytes:
    (size,) = struct.unpack("!I", connection.recv(4))  # expect: LS207
    if size > LARGEST:
        raise ValueError(size)
    return connection.recv(size)  # expect: LS207


def take(connection: socket.socket, count: int) -> bytes:
    return connection.recv(count)  # expect: LS207


def read_number(connection: socket.socket) -> int:
    return int.from_bytes(take(connection, 4), "big")


def answer(connection, text: str) -> None:
    connection.settimeout(5)
    connection.send(text.encode())  # expect: LS207


class Client:
    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)

    def send(self, payload: bytes) -> None:
        sent = self.socket.send(struct.pack("!I", len(payload)) + payload)  # expect: LS207, LS403

    def fill(self, buffer: bytearray) -> None:
        self.socket.recv_into(buffer)  # expect: LS207

    def close(self) -> None:
        self.socket.close()
