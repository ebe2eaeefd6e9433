import socket
from json import dumps  # expect: LS403


def door() -> socket.socket:
    return socket.socket(socket.AF_UNIX)
