"""A connection is read by its descriptor, and once its peer has gone, for ever."""

import os
from socket import socket


def listen_to(connection: socket) -> None:
    while True:
        message = os.read(connection.fileno(), 4096)  # expect: LS208
        print(len(message), "bytes have come")
