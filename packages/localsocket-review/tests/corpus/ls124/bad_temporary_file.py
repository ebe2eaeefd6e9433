"""Names of temporary files, which have to go before a socket can take their place."""

import os
import socket
import tempfile


def opened() -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    os.fchmod(server.fileno(), 0o600)
    return server


def start() -> socket.socket:
    with tempfile.NamedTemporaryFile() as file:
        path = file.name
    server = opened()
    server.bind(path)  # expect: LS124
    server.listen()
    return server


def begin() -> socket.socket:
    file = tempfile.NamedTemporaryFile(suffix=".sock")
    file.close()
    server = opened()
    server.bind(file.name)  # expect: LS124
    server.listen()
    return server


def made() -> socket.socket:
    descriptor, path = tempfile.mkstemp()
    os.close(descriptor)
    os.unlink(path)
    server = opened()
    server.bind(path)  # expect: LS124
    server.listen()
    return server


servers = [start(), begin(), made()]
