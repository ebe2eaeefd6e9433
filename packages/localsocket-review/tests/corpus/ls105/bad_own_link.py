import socket


def reach(path: str) -> socket.socket:
    link = "/tmp/viewer-place-0"
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(f"{link}/door{path}")  # expect: LS105
    return connection
