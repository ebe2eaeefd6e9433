from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer


class Server(QObject):
    def __init__(self, server: QLocalServer) -> None:
        super().__init__(server)
        self.server = server
        self.clients = []
        self.server.newConnection.connect(self.welcome)

    def welcome(self) -> None:
        while (client := self.server.nextPendingConnection()) is not None:
            client.readyRead.connect(lambda socket=client: socket.write(socket.readAll()))
            client.disconnected.connect(client.deleteLater)


class Counting(QObject):
    def __init__(self, server: QLocalServer) -> None:
        super().__init__(server)
        self.server = server
        self.clients = []
        self.server.newConnection.connect(self.welcome)

    def welcome(self) -> None:
        while self.server.hasPendingConnections():
            client = self.server.nextPendingConnection()
            self.clients.append(client)
            client.disconnected.connect(self.forget)

    def forget(self) -> None:
        client = self.sender()
        self.clients.remove(client)
        client.deleteLater()
