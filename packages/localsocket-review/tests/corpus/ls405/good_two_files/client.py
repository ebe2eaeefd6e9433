import socket

from names import CONTROL


def connect():
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(2)
    client.connect(CONTROL)
    return client
