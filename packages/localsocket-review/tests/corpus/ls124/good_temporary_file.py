"""Names in temporary directories, of files as of sockets, and a file in a directory of the program's own."""

import os
import socket
import tempfile


def opened() -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    os.fchmod(server.fileno(), 0o600)
    return server


def start() -> socket.socket:
    directory = tempfile.mkdtemp()
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        path = file.name
    server = opened()
    server.bind(path)
    server.listen()
    return server


def begin(directory: tempfile.TemporaryDirectory[str]) -> socket.socket:
    with tempfile.NamedTemporaryFile() as log:
        log.write(b"begins\n")
    server = opened()
    server.bind(os.path.join(directory.name, "control"))
    server.listen()
    return server


servers = [start(), begin(tempfile.TemporaryDirectory())]
