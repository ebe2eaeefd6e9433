import asynchat
import asyncore
import os
import socket


class Session(asynchat.async_chat):
    def __init__(self, connection):
        super().__init__(connection)
        self.set_terminator(b"\n")
        self.received = []

    def collect_incoming_data(self, data):
        self.received.append(data)

    def found_terminator(self):
        command = b"".join(self.received).decode()
        self.received.clear()
        if command in ("start", "stop"):
            os.system(command)


class Door(asyncore.dispatcher):
    def __init__(self, path):
        super().__init__()
        self.create_socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.bind(path)
        self.listen(5)

    def handle_accepted(self, connection, address):
        Session(connection)
