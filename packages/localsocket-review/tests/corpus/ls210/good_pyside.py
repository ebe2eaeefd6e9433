from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalSocket


class Client(QObject):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.socket = QLocalSocket(self)
        self.socket.readyRead.connect(self.read)
        self.socket.errorOccurred.connect(self.fail)
        self.socket.connectToServer(name)

    def read(self) -> None:
        while self.socket.canReadLine():
            print(self.socket.readLine())

    def fail(self) -> None:
        print(self.socket.errorString())
