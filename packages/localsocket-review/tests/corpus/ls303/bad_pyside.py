from PySide6.QtCore import QCoreApplication, QObject, QTimer
from PySide6.QtNetwork import QLocalSocket


class Poller(QObject):
    def __init__(self, socket: QLocalSocket) -> None:
        super().__init__(socket)
        self.socket = socket
        self.timer = QTimer(self)
        self.timer.timeout.connect(self.look)
        self.timer.start(20)

    def look(self) -> None:
        if self.socket.bytesAvailable() > 0:  # expect: LS303
            print(self.socket.readAll())


def ready(socket: QLocalSocket) -> None:
    while socket.bytesAvailable() == 0:  # expect: LS303
        QCoreApplication.processEvents()
