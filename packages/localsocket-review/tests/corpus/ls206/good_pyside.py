from PySide6.QtNetwork import QLocalSocket
from PySide6.QtWidgets import QMainWindow, QPushButton


class Window(QMainWindow):
    def __init__(self) -> None:
        super().__init__()
        self.socket = QLocalSocket(self)
        self.socket.disconnected.connect(self.close)
        self.socket.connected.connect(self.send)
        self.socket.readyRead.connect(self.show_answer)
        self.button = QPushButton("Ask", self)
        self.button.clicked.connect(self.ask)

    def ask(self) -> None:
        self.socket.connectToServer("oracle")

    def send(self) -> None:
        self.socket.write(b"what?\n")

    def show_answer(self) -> None:
        self.button.setText("answered")
