from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer


class Single(QObject):
    def __init__(self, name, parent=None):
        super().__init__(parent)
        self.server = QLocalServer(self)
        self.listening = self.server.listen(name)  # expect: LS102
