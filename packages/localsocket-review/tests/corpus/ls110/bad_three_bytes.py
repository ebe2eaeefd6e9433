import socket
import struct


class Reader:
    def __init__(self, connection: socket.socket):
        self.stream = connection.makefile("rb")

    def take(self) -> bytes:
        low, high, _ = struct.unpack("<HHB", self.stream.read(5))
        return self.stream.read(low + (high << 16))  # expect: LS110
