"""Loops that are left when there is no room now, and forget what was not sent."""

import socket


class Peer:
    def __init__(self, connection):
        self.connection = connection
        self.connection.setblocking(False)

    def tell(self, data):
        view = memoryview(data)
        while view:
            try:
                sent = self.connection.send(view)  # expect: LS207
            except BlockingIOError:
                break
            view = view[sent:]


def tell_each(connection, texts):
    for text in texts:
        while text:
            try:
                text = text[connection.send(text) :]  # expect: LS207
            except (TimeoutError, InterruptedError):
                break


def join(path, texts):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.settimeout(1)
        tell_each(connection, texts)
        Peer(connection).tell(b"end\n")
