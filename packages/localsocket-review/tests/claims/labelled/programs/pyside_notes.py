"""Sticky-note service: one QLocalServer, commands of one line each."""
import sys

from PySide6.QtCore import QByteArray, QCoreApplication, QObject, QTimer, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

NAME = "sticky-notes"


class NoteServer(QObject):
    note_added = Signal(str)
    note_removed = Signal(int)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.notes = []
        self.clients = []
        self.server = QLocalServer(self)
        self.server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self.server.setMaxPendingConnections(10)
        self.server.newConnection.connect(self.on_new_connection)
        self.timer = QTimer(self)
        self.timer.setInterval(60_000)
        self.timer.timeout.connect(self.save)

    def start(self):
        QLocalServer.removeServer(NAME)
        if not self.server.listen(NAME):
            print("cannot listen:", self.server.errorString(), file=sys.stderr)
            return False
        self.timer.start()
        return True

    @Slot()
    def on_new_connection(self):
        socket = self.server.nextPendingConnection()
        socket.readyRead.connect(lambda: self.on_ready_read(socket))
        socket.disconnected.connect(lambda: self.on_disconnected(socket))
        self.clients.append(socket)

    def on_ready_read(self, socket):
        while socket.canReadLine():
            line = bytes(socket.readLine()).decode("utf-8").rstrip("\n")
            verb, _, rest = line.partition(" ")
            if verb == "add":
                self.notes.append(rest)
                self.note_added.emit(rest)
                socket.write(b"ok\n")
            elif verb == "list":
                for note in self.notes:
                    socket.write(note.encode("utf-8") + b"\n")
                socket.write(b".\n")
            elif verb == "quit":
                socket.disconnectFromServer()
            else:
                socket.write(b"unknown command\n")

    def on_disconnected(self, socket):
        self.clients.remove(socket)
        socket.deleteLater()

    def broadcast(self, text):
        for client in self.clients:
            if client.state() == QLocalSocket.LocalSocketState.ConnectedState:
                client.write(text.encode("utf-8") + b"\n")

    def save(self):
        with open("notes.txt", "w") as file:
            file.write("\n".join(self.notes))


def main():
    app = QCoreApplication(sys.argv)
    server = NoteServer()
    server.note_added.connect(server.broadcast)
    if not server.start():
        return 1
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
