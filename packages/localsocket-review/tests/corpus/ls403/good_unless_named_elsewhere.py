"""What decorators, `__all__` and Python itself use."""

import functools
import socket
from socket import AF_UNIX

__all__ = ["AF_UNIX", "Client", "_open"]


def _open(path):
    client = socket.socket(AF_UNIX)
    client.settimeout(2)
    client.connect(path)
    return client


@functools.singledispatch  # guard
def _shown(value):
    return str(value)


@_shown.register  # guard
def _(value: bytes):
    return value.decode()


class Client:
    def __init__(self, path):
        self._socket = _open(path)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self._socket.close()

    @property  # guard
    def _path(self):
        return self._socket.getpeername()


def main(arguments):
    return 0
