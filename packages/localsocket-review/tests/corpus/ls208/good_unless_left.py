import json
import selectors
import socket
import threading


def select(listener: socket.socket) -> None:
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            connection = key.fileobj
            data = connection.recv(1024)
            if data:
                connection.sendall(data)
            else:
                selector.unregister(connection)
                connection.close()


def one_each(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        data = connection.recv(1024)
        connection.sendall(data)
        connection.close()


def file_lines(connection: socket.socket) -> None:
    for line in connection.makefile("r"):
        print(line)


def raising(connection: socket.socket) -> None:
    while True:
        print(json.loads(connection.makefile("r").readline()))


async def exact(reader) -> None:
    while True:
        print(await reader.readexactly(4))


async def ended(reader) -> None:
    while not reader.at_eof():
        print(await reader.readline())


class Background:
    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            connection.close()
