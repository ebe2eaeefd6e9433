"""Python 2's Unpickler has an attribute that says what may be found."""

import socket
from cPickle import Unpickler, UnpicklingError


def deny(module: str, name: str) -> None:
    raise UnpicklingError(name)


def read(path: str) -> object:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    with connection.makefile("rb") as answers:
        unpickler = Unpickler(answers)
        unpickler.find_global = deny
        return unpickler.load()
