from PySide6.QtNetwork import QLocalSocket
from PySide6.QtWidgets import QMainWindow, QPushButton


class Window(QMainWindow):
    def __init__(self) -> None:
        super().__init__()
        self.socket = QLocalSocket(self)
        self.socket.disconnected.connect(self.close)
        self.button = QPushButton("Ask", self)
        self.button.clicked.connect(self.ask)

    def ask(self) -> None:
        self.socket.connectToServer("oracle")
        if not self.socket.waitForConnected(3000):  # expect: LS206
            return
        self.socket.write(b"what?\n")
        if self.socket.waitForReadyRead(-1):  # expect: LS206
            self.button.setText("answered")
