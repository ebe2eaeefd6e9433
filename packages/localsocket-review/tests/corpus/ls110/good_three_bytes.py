import socket
import struct


class Reader:
    def __init__(self, connection: socket.socket):
        self.stream = connection.makefile("rb")

    def take(self) -> bytes:
        low, high, _ = struct.unpack("<HBB", self.stream.read(4))
        return self.stream.read(low + (high << 16))
