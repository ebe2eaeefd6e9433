from PySide6.QtCore import QObject, QThread, Signal
from PySide6.QtNetwork import QLocalSocket


class Packer(QObject):
    packed = Signal(bytes)

    def __init__(self, socket: QLocalSocket) -> None:
        super().__init__()
        self.socket = socket

    def pack(self, text: str) -> None:
        self.packed.emit(text.encode())


class Post(QObject):
    posted = Signal(str)

    def __init__(self, socket: QLocalSocket) -> None:
        super().__init__(socket)
        self.thread = QThread(self)
        self.packer = Packer(socket)
        self.packer.moveToThread(self.thread)
        self.posted.connect(self.packer.pack)
        self.packer.packed.connect(socket.write)
        self.thread.start()
