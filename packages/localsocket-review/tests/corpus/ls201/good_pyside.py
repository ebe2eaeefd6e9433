from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer


class Instance(QObject):
    def __init__(self, name):
        super().__init__()
        self.server = QLocalServer(self)
        self.server.newConnection.connect(self.greet)
        self.server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        if not self.server.listen(name):
            raise RuntimeError(self.server.errorString())

    def greet(self):
        while self.server.hasPendingConnections():
            client = self.server.nextPendingConnection()
            client.disconnected.connect(client.deleteLater)
            client.write(b"hello\n")
