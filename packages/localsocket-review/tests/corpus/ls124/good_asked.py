"""Names that a loop found free in a directory of the program's own, and a loop that waits until a server is there."""

import os
import socket
import tempfile
import time

A_MOMENT = 0.1


def listening(path: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    os.fchmod(server.fileno(), 0o600)
    server.bind(path)
    server.listen()
    return server


def numbered() -> socket.socket:
    directory = tempfile.mkdtemp()
    number = 0
    while os.path.lexists(f"{directory}/viewer-{number}"):
        number += 1
    return listening(f"{directory}/viewer-{number}")


def wait_for(path: str) -> None:
    while not os.path.exists(path):
        time.sleep(A_MOMENT)


server = numbered()
wait_for(server.getsockname())
