import json

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalSocket


class Session(QObject):
    message_received = Signal(str)

    def __init__(self, socket: QLocalSocket, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.socket = socket
        self.socket.readyRead.connect(self.on_ready_read)
        self.socket.disconnected.connect(self.socket.deleteLater)

    def on_ready_read(self) -> None:
        text = bytes(self.socket.readAll()).decode()  # expect: LS205
        self.message_received.emit(text)

    def answer(self) -> object:
        return json.loads(self.socket.readAll().data())  # expect: LS205
