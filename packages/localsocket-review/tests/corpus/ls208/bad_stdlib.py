import socket
import threading


def echo(connection: socket.socket) -> None:
    while True:
        data = connection.recv(1024)  # expect: LS208
        connection.sendall(data)


def until_newline(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        line += connection.recv(512)  # expect: LS208
    return line


def exactly(connection: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = connection.recv(min(4096, count - len(data)))  # expect: LS208
        data.extend(piece)
    return bytes(data)


def lines(connection: socket.socket) -> None:
    stream = connection.makefile("r")
    while True:
        line = stream.readline().strip()  # expect: LS208
        if line:
            print(line)


class Server:
    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.thread = threading.Thread(target=self.accept)
        self.thread.start()

    def accept(self) -> None:
        while True:  # expect: LS208
            connection, _ = self.listener.accept()
            connection.sendall(b"busy\n")
            connection.close()

    def close(self) -> None:
        self.listener.close()
        self.thread.join()
