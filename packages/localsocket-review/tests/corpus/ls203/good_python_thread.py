import threading

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtNetwork import QLocalServer


class Hub(QObject):
    answered = pyqtSignal(bytes)

    def __init__(self):
        super().__init__()
        self.server = QLocalServer()
        self.server.newConnection.connect(self.accepted)

    def accepted(self):
        client = self.server.nextPendingConnection()
        if client is None:
            return
        client.disconnected.connect(client.deleteLater)
        self.answered.connect(client.write)
        threading.Thread(target=self.answer).start()

    def answer(self):
        self.answered.emit(b"hello\n")
