from PySide6.QtCore import QThread
from PySide6.QtNetwork import QLocalSocket


class Reader(QThread):
    def __init__(self, name):
        super().__init__()
        self.name = name
        self.socket = QLocalSocket()

    def run(self):
        self.socket.connectToServer(self.name)  # expect: LS203
        self.exec()
