import socket

from names import CONTROL


def serve():
    server = socket.socket(socket.AF_UNIX)
    server.bind(CONTROL)
    server.listen()
    return server
