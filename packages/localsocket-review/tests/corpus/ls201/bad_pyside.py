from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer


class Instance(QObject):
    def __init__(self, name):
        super().__init__()
        self.server = QLocalServer(self)
        self.server.newConnection.connect(self.greet)
        self.server.listen(name)  # expect: LS102, LS201

    def greet(self):
        self.server.nextPendingConnection().write(b"hello\n")  # expect: LS202
