import socket
import threading


def echo(connection: socket.socket) -> None:
    while True:
        data = connection.recv(1024)
        if not data:  # guard
            break  # guard
        connection.sendall(data)


def until_newline(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        piece = connection.recv(512)
        if len(piece) == 0:  # guard
            raise EOFError  # guard
        line += piece
    return line


def exactly(connection: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = connection.recv(min(4096, count - len(data)))
        if piece == b"":  # guard
            return bytes(data)  # guard
        data.extend(piece)
    return bytes(data)


def lines(connection: socket.socket) -> None:
    stream = connection.makefile("r")
    while line := stream.readline():
        print(line.strip())


class Server:
    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.listener.settimeout(1)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.accept)
        self.thread.start()

    def accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                continue
            connection.sendall(b"busy\n")
            connection.close()

    def close(self) -> None:
        self.stopping.set()
        self.thread.join()
        self.listener.close()
