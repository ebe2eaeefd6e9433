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
        while self.socket.canReadLine():
            text = bytes(self.socket.readLine()).decode()
            self.message_received.emit(text)

    def answer(self) -> object:
        return json.loads(self.socket.readLine().data()) if self.socket.canReadLine() else None
