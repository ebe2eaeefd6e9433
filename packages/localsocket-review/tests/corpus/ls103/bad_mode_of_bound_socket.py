import os
import socket


class Counter:
    def __init__(self, place):
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(place)
        os.fchmod(self.door.fileno(), 0o600)  # expect: LS103

    def open(self):
        self.door.listen()
