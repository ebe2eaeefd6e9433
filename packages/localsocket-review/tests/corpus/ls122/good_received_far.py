import socket


class Reader:
    def __init__(self, connection: socket.socket):
        self.stream = connection.makefile("rb")

    def line(self) -> bytes:
        return self.stream.readline()

    def entry(self) -> bytes:
        return self.line().strip()

    def entries(self) -> list[bytes]:
        found = []
        for _ in range(int(self.line())):
            found.append(self.entry())
        return found
