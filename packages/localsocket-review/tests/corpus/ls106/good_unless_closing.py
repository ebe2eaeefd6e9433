import os
import socket


def serve(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    try:
        server.listen()
        server.accept()
    finally:
        server.close()
        os.unlink(path)
