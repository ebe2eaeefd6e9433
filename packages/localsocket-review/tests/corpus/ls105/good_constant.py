import os
import socket

NAME = "editor"
PATH = os.path.join(os.environ["XDG_RUNTIME_DIR"], f"{NAME}.sock")


def serve():
    server = socket.socket(socket.AF_UNIX)
    server.bind(PATH)
    server.listen()
    return server


def call():
    client = socket.socket(socket.AF_UNIX)
    client.connect(PATH)
    return client
