import selectors
import socket


class Echo:
    def __init__(self, server: socket.socket) -> None:
        self.selector = selectors.DefaultSelector()
        server.setblocking(False)
        self.selector.register(server, selectors.EVENT_READ, self.accept)

    def accept(self, server: socket.socket) -> None:
        client, _ = server.accept()
        client.setblocking(False)
        self.selector.register(client, selectors.EVENT_READ, self.answer)

    def answer(self, client: socket.socket) -> None:
        data = client.recv(512)  # expect: LS208
        client.sendall(data)
