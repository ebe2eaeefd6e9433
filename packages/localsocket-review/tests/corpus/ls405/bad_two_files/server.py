import socket


def serve():
    server = socket.socket(socket.AF_UNIX)
    server.bind("run/editor.control")
    server.listen()
    return server
