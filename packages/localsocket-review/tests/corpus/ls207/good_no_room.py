"""Loops that are left when there is no room now, and keep what was not sent, or tell of it."""

import socket


class Peer:
    def __init__(self, connection):
        self.connection = connection
        self.connection.setblocking(False)
        self.unsent = b""

    def tell(self, data):
        self.unsent += data
        while self.unsent:
            try:
                sent = self.connection.send(self.unsent)
            except BlockingIOError:
                break
            self.unsent = self.unsent[sent:]


def tell_each(connection, texts):
    unsent = b""
    for text in texts:
        unsent += text
        while unsent:
            try:
                unsent = unsent[connection.send(unsent) :]
            except (TimeoutError, InterruptedError):
                break
    return unsent


def empty(connection, unsent):
    while unsent:
        try:
            sent = connection.send(unsent)
        except BlockingIOError:
            break
        del unsent[:sent]


def join(path, texts):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.settimeout(1)
        empty(connection, bytearray(tell_each(connection, texts)))
        Peer(connection).tell(b"end\n")
