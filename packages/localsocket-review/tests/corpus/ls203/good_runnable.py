from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal
from PySide6.QtNetwork import QLocalSocket


class Result(QObject):
    ready = Signal(bytes)


class Reply(QRunnable):
    def __init__(self, result: Result, text: bytes) -> None:
        super().__init__()
        self.result = result
        self.text = text

    def run(self) -> None:
        self.result.ready.emit(self.text.upper())


class Desk(QObject):
    def __init__(self, socket: QLocalSocket) -> None:
        super().__init__(socket)
        self.socket = socket
        self.result = Result(self)
        self.result.ready.connect(self.answer)
        socket.readyRead.connect(self.work)

    def work(self) -> None:
        while self.socket.canReadLine():
            line = self.socket.readLine().data()
            QThreadPool.globalInstance().start(Reply(self.result, line))

    def answer(self, text: bytes) -> None:
        self.socket.write(text)
