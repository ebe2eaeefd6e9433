import os
import socket


def open_door(path):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    os.chmod(path, 0o600)  # expect: LS103
    server.listen(5)
    return server
