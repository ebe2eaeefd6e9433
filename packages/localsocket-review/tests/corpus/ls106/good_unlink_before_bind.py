import contextlib
import os
import socket


def remove_stale(path):
    probe = socket.socket(socket.AF_UNIX)
    try:
        probe.connect(path)
    except ConnectionRefusedError:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    finally:
        probe.close()


def serve(path):
    remove_stale(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    return server
