import socket
from collections import OrderedDict as OrderedDict
from fractions import Fraction
from typing import Optional


def shares(kept: Optional["Fraction"] = None):
    return kept


def header(number, kind):
    version = 3
    return locals()


def serve(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    dummy = repr(server)
    return server


if __name__ == "__main__":
    print(shares(), header(1, 2), serve("editor"))
