import contextlib
import os
import socket


@contextlib.contextmanager
def narrow():
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def make(path: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    with narrow():
        open("state", "w").close()
    os.fchmod(server.fileno(), 0o600)
    server.bind(path)
    return server
