import socket


def collect(connection: socket.socket, wanted: int) -> bytes:
    found = b""
    while True:
        data = connection.recv(4096)  # expect: LS208
        if not isinstance(data, bytes) and len(data) == 0:
            raise EOFError
        found += data
        if len(found) >= wanted:
            return found
