import os
import socket


class Counter:
    def __init__(self, place):
        self.door = socket.socket(socket.AF_UNIX)
        os.fchmod(self.door.fileno(), 0o600)
        self.door.bind(place)

    def open(self):
        self.door.listen()
