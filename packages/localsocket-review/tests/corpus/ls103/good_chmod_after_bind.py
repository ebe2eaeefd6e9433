import os
import socket


def open_door(path):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.fchmod(server.fileno(), 0o600)
    server.bind(path)
    server.listen(5)
    return server
