import threading

from PyQt5.QtNetwork import QLocalServer


class Hub:
    def __init__(self):
        self.server = QLocalServer()
        self.server.newConnection.connect(self.accepted)

    def accepted(self):
        client = self.server.nextPendingConnection()  # expect: LS202
        threading.Thread(target=self.answer, args=(client,)).start()

    def answer(self, client):
        client.write(b"hello\n")  # expect: LS203
