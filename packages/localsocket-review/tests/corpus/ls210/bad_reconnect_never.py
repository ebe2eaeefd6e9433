from PyQt6.QtCore import QObject, QTimer
from PyQt6.QtNetwork import QLocalSocket


class Feed(QObject):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.line = QLocalSocket(self)
        self.line.connected.connect(self.subscribe)
        self.line.readyRead.connect(self.read)
        QTimer.singleShot(0, self.begin)

    def begin(self) -> None:
        self.line.connectToServer("newsroom")  # expect: LS210

    def subscribe(self) -> None:
        self.line.write(b"all\n")

    def read(self) -> None:
        while self.line.canReadLine():
            print(bytes(self.line.readLine()).decode(), end="")
