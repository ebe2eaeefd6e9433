import os
import socket


def listen(name: str = "\0notes") -> socket.socket:
    if name.startswith("\0"):
        raise ValueError("no abstract names")
    server = socket.socket(socket.AF_UNIX)
    os.fchmod(server.fileno(), 0o600)
    if not name.startswith("\0"):
        server.bind(name)
    server.listen()
    return server
