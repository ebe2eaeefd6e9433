import os
import socket


def serve(directory):
    os.chmod(directory, 0o700)
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.join(directory, "door"))
    with open(os.path.join(directory, "log"), "w") as log:
        os.chmod(log.name, 0o666)
    return server
