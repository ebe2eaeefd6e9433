import socket


def line(connection: socket.socket) -> bytes:
    return connection.makefile("rb").readline()


def collect(connection: socket.socket) -> bytes:
    data = bytearray()
    while piece := connection.recv(4096):
        data += piece
    return bytes(data)


def send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)
