import socket
import time


def receive(connection: socket.socket) -> bytes:
    connection.settimeout(5)
    return connection.recv(4096)


def spin(connection: socket.socket) -> bytes:
    connection.settimeout(None)
    return connection.recv(4096)


def await_server(path: str) -> socket.socket:
    deadline = time.monotonic() + 5
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(path)
            return connection
        except (ConnectionRefusedError, FileNotFoundError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
