"""The umask is narrowed for the directory and put back before the bind: until the chmod, it keeps nobody out."""

import os
import socket


def open_counter(directory: str) -> socket.socket:
    before = os.umask(0o077)
    os.makedirs(directory, 0o755, exist_ok=True)
    os.umask(before)
    path = os.path.join(directory, "counter")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    os.chmod(path, 0o600)  # expect: LS103
    return server
