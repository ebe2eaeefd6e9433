from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer


class Bell(QObject):
    def __init__(self, server: QLocalServer) -> None:
        super().__init__(server)
        self.server = server
        server.newConnection.connect(self.open)

    def open(self) -> None:
        while self.server.hasPendingConnections():
            guest = self.server.nextPendingConnection()
            guest.disconnected.connect(self.close)

    def close(self) -> None:
        self.sender().deleteLater()
