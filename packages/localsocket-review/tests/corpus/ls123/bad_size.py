import socket


def take(connection: socket.socket) -> bytearray:
    size = int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big")
    assert size <= 65536  # expect: LS123
    return bytearray(size)
