import os
import socket

NAME = "editor"
PATH = f"/tmp/{NAME}.sock"


def serve():
    server = socket.socket(socket.AF_UNIX)
    server.bind(PATH)  # expect: LS102, LS105
    server.listen()
    return server


def call():
    client = socket.socket(socket.AF_UNIX)
    client.connect(os.path.join("/var/tmp", "editor-%d" % os.getuid()))  # expect: LS105
    return client
