import contextlib
import os
import socket


def remove_stale(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # expect: LS106


def serve(path):
    remove_stale(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    return server
