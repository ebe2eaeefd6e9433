import socket
import struct

HEADER = struct.Struct("!HI")
LARGEST = 65536


def take(connection: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = connection.recv(min(count - len(data), LARGEST))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)


def read_header(connection: socket.socket) -> tuple[int, int]:
    header = take(connection, HEADER.size)
    kind, size = HEADER.unpack(header)
    return kind, size


def read_message(connection: socket.socket) -> bytes:
    (size,) = struct.unpack("!I", take(connection, 4))
    if size > LARGEST:
        raise ValueError(size)
    return take(connection, size)


def read_number(connection: socket.socket) -> int:
    return int.from_bytes(take(connection, 4), "big")


def answer(connection, text: str) -> None:
    connection.settimeout(5)
    connection.sendall(text.encode())


class Client:
    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)

    def send(self, payload: bytes) -> None:
        view = memoryview(struct.pack("!I", len(payload)) + payload)
        while view:
            sent = self.socket.send(view)
            view = view[sent:]

    def fill(self, buffer: bytearray) -> None:
        view = memoryview(buffer)
        while view:
            count = self.socket.recv_into(view)
            if count == 0:
                raise EOFError
            view = view[count:]

    def close(self) -> None:
        self.socket.close()
