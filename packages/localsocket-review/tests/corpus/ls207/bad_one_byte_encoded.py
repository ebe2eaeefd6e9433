import socket


def wake(connection: socket.socket) -> None:
    connection.send("wake".encode())  # expect: LS207
