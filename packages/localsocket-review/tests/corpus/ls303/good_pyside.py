from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalSocket


class Poller(QObject):
    def __init__(self, socket: QLocalSocket) -> None:
        super().__init__(socket)
        self.socket = socket
        self.socket.readyRead.connect(self.look)

    def look(self) -> None:
        print(self.socket.readAll())


def ready(socket: QLocalSocket) -> bool:
    return socket.waitForReadyRead(1000)
