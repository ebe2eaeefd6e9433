from PyQt5.QtNetwork import QLocalSocket


class Caller(QLocalSocket):
    def call(self, name: str) -> None:
        self.connected.connect(self.greet)
        self.disconnected.connect(self.deleteLater)
        self.connectToServer(name)

    def greet(self) -> None:
        self.write(b"hello\n")
