"""A connection is read by its descriptor until its peer has gone, or another one for each message."""

import os
from socket import socket

PATIENCE = 5


def listen_to(connection: socket) -> None:
    while True:
        message = os.read(connection.fileno(), 4096)
        if not message:
            return
        print(len(message), "bytes have come")


def accept_from(server: socket) -> None:
    while True:
        connection, _ = server.accept()
        connection.settimeout(PATIENCE)
        with connection:
            message = os.read(connection.fileno(), 4096)
            print(len(message), "bytes have come")
