from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer


class Server(QObject):
    def __init__(self, server: QLocalServer) -> None:
        super().__init__(server)
        self.server = server
        self.clients = []
        self.server.newConnection.connect(self.welcome)

    def welcome(self) -> None:
        client = self.server.nextPendingConnection()  # expect: LS202
        client.readyRead.connect(lambda: client.write(client.readAll()))
        client.disconnected.connect(client.deleteLater)


class Counting(QObject):
    def __init__(self, server: QLocalServer) -> None:
        super().__init__(server)
        self.server = server
        self.clients = []
        self.server.newConnection.connect(self.welcome)

    def welcome(self) -> None:
        while self.server.hasPendingConnections():
            client = self.server.nextPendingConnection()  # expect: LS202
            self.clients.append(client)
            client.disconnected.connect(self.count)

    def count(self) -> None:
        print(len(self.clients))
