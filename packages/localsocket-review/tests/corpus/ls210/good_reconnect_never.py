from PyQt6.QtCore import QObject, QTimer
from PyQt6.QtNetwork import QLocalSocket


class Feed(QObject):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.line = QLocalSocket(self)
        self.line.connected.connect(self.subscribe)
        self.line.readyRead.connect(self.read)
        self.line.errorOccurred.connect(self.begin_later)
        self.line.disconnected.connect(self.begin_later)
        QTimer.singleShot(0, self.begin)

    def begin(self) -> None:
        self.line.connectToServer("newsroom")

    def begin_later(self) -> None:
        QTimer.singleShot(1000, self.begin)

    def subscribe(self) -> None:
        self.line.write(b"all\n")

    def read(self) -> None:
        while self.line.canReadLine():
            print(bytes(self.line.readLine()).decode(), end="")
