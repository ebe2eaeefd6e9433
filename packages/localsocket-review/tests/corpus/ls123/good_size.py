import socket


def take(connection: socket.socket) -> bytearray:
    size = int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big")
    if size > 65536:
        raise ValueError(size)
    return bytearray(size)
