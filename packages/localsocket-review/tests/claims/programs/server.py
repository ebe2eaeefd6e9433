"""A program with a few defects, which reviews speak of."""

import os
import socket
import struct
import threading

UNUSED_LIMIT = 4096
MAX_SIZE = 65536


class EchoServer:
    def __init__(self, path):
        self.path = path
        self.clients = 0
        self._forgotten = 0
        self.listener = socket.socket(socket.AF_UNIX)

    def start(self):
        os.unlink(self.path)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o600)
        self.listener.listen()

    def serve(self):
        connection, _ = self.listener.accept()
        with connection:
            self.clients += 1
            os.system(connection.recv(100).decode())

    def readBlock(self, connection):
        (size,) = struct.unpack(">I", connection.recv(4))
        if size > MAX_SIZE:
            raise ValueError(size)
        return connection.recv(size)

    def read_anything(self, connection):
        (size,) = struct.unpack(">I", connection.recv(4))
        return connection.recv(size)

    def stop(self):
        self.listener.close()


def ask(path):
    probe = socket.socket(socket.AF_UNIX)
    probe.connect(path)
    probe.sendall(b"?")


def _never_called():
    return 1


def main():
    server = EchoServer("/run/user/1000/echo")
    server.start()
    thread = threading.Thread(target=server.serve)
    thread.start()
    ask(server.path)
    thread.join()
    server.stop()
    print(server.clients)


if __name__ == "__main__":
    main()
