from PyQt5.QtNetwork import QLocalSocket


class Caller(QLocalSocket):
    def call(self, name: str) -> None:
        self.connected.connect(self.greet)
        self.connectToServer(name)  # expect: LS210

    def greet(self) -> None:
        self.write(b"hello\n")
