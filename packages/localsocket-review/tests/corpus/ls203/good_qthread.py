from PySide6.QtCore import QThread
from PySide6.QtNetwork import QLocalSocket


class Reader(QThread):
    def __init__(self, name):
        super().__init__()
        self.name = name
        self.socket = None

    def run(self):
        self.socket = QLocalSocket()
        self.socket.connectToServer(self.name)
        self.exec()
