import socket


class Request:
    def __init__(self, connection: socket.socket):
        self.answer = connection.recv(16)

    def __bytes__(self) -> bytes:
        return self.answer


def mixed(connection: socket.socket, key: bytes) -> bytes:
    request = Request(connection)
    return bytes(request) + bytes([one ^ other for one, other in zip(connection.recv(16), key)])
