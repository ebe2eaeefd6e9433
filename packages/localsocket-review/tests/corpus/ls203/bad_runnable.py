from PySide6.QtCore import QObject, QRunnable, QThreadPool
from PySide6.QtNetwork import QLocalSocket


class Reply(QRunnable):
    def __init__(self, socket: QLocalSocket, text: bytes) -> None:
        super().__init__()
        self.socket = socket
        self.text = text

    def run(self) -> None:
        self.socket.write(self.text.upper())  # expect: LS203


class Desk(QObject):
    def __init__(self, socket: QLocalSocket) -> None:
        super().__init__(socket)
        self.socket = socket
        socket.readyRead.connect(self.work)

    def work(self) -> None:
        while self.socket.canReadLine():
            line = self.socket.readLine().data()
            QThreadPool.globalInstance().start(Reply(self.socket, line))
