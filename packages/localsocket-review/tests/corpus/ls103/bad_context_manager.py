import contextlib
import os
import socket


@contextlib.contextmanager
def narrow():
    before = os.umask(0o077)  # expect: LS103
    try:
        yield
    finally:
        os.umask(before)


def make(path: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    with narrow():
        server.bind(path)
    return server
