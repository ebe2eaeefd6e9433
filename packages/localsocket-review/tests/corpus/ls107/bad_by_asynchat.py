import asynchat
import asyncore
import os
import pickle
import socket


class Guest(asynchat.async_chat):
    def __init__(self, connection, most):
        asynchat.async_chat.__init__(self, connection)
        self.pieces = []
        self.room = most
        self.set_terminator(b"\n\n")

    def collect_incoming_data(self, data):
        self.room -= len(data)
        if self.room < 0:
            self.close()
        self.pieces.append(data)

    def found_terminator(self):
        order = pickle.loads(b"".join(self.pieces))  # expect: LS107
        self.pieces.clear()
        self.push(order.answer())


class Counter(asyncore.dispatcher):
    def __init__(self, path):
        asyncore.dispatcher.__init__(self)
        self.create_socket(socket.AF_UNIX, socket.SOCK_STREAM)
        os.fchmod(self.socket.fileno(), 0o600)
        self.bind(path)
        self.listen(5)

    def handle_accepted(self, connection, address):
        Guest(connection, 65536)


Counter("/run/user/1000/counter")
asyncore.loop()
