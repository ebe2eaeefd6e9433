import os
import socket


def reach(path: str) -> socket.socket:
    link = "/tmp/viewer-link-0"
    os.symlink(os.path.dirname(path), link)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(f"{link}/door")
    return connection
