import socket


def wake(connection: socket.socket) -> None:
    connection.send("\0".encode())
