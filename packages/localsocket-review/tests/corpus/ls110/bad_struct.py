import socket
import struct


def receive_exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))  # expect: LS110
        if not piece:
            raise EOFError
        data += piece
    return data


def message(connection: socket.socket) -> bytes:
    (size,) = struct.unpack("!I", receive_exactly(connection, 4))
    return receive_exactly(connection, size)
