from PyQt6.QtCore import QObject
from PyQt6.QtNetwork import QLocalSocket


class Lines(QObject):
    def begin(self, socket: QLocalSocket, name: str) -> None:
        socket.readyRead.connect(self.count)
        socket.connectToServer(name)

    def count(self) -> None:
        print(self.sender().bytesAvailable())
