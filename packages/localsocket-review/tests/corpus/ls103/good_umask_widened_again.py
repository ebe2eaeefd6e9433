"""The umask is narrowed for the directory, and the socket is bound where nobody else may look for it."""

import os
import socket


def open_counter(directory: str) -> socket.socket:
    os.mkdir(directory, 0o700)
    path = os.path.join(directory, "counter")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    return server
