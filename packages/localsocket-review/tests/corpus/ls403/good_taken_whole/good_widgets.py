import socket
from json import dumps


def door() -> socket.socket:
    return socket.socket(socket.AF_UNIX)
