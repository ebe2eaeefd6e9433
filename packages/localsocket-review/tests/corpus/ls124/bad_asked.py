"""Names that a loop found free: by a counter, and by chance."""

import os
import random
import socket


def listening(path: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    os.fchmod(server.fileno(), 0o600)
    server.bind(path)  # expect: LS105, LS124
    server.listen()
    return server


def free_name() -> str:
    while True:
        path = "/tmp/editor-%d" % random.randrange(1000000)
        if not os.path.exists(path):
            return path


def numbered() -> socket.socket:
    number = 0
    while os.path.lexists(f"/var/tmp/viewer-{number}"):
        number += 1
    server = socket.socket(socket.AF_UNIX)
    os.fchmod(server.fileno(), 0o600)
    server.bind(f"/var/tmp/viewer-{number}")  # expect: LS105, LS124
    server.listen()
    return server


servers = [listening(free_name()), numbered()]
