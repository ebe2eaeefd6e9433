import os
import socket


def open_door(directory):
    os.mkdir(directory, 0o700)  # guard
    path = os.path.join(directory, "door")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    os.chmod(path, 0o600)
    server.listen()
    return server
