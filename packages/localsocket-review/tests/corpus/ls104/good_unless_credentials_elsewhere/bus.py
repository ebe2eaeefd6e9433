import socket

import peers


def serve():
    server = socket.socket(socket.AF_UNIX)
    server.bind("\0bus")
    server.listen()
    connection, _ = server.accept()
    server.close()
    peers.check(connection)
    return connection


if __name__ == "__main__":
    serve()
