from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer


class Single(QObject):
    def __init__(self, name, parent=None):
        super().__init__(parent)
        self.server = QLocalServer(self)
        restrict(self.server)
        self.listening = self.server.listen(name)


def restrict(server):
    server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
