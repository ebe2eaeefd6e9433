import sys

from PySide6.QtCore import QObject, QThread, QTimer, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import QApplication

SERVER_NAME = "org.example.player"


class RemoteControl(QObject):
    commandReceived = Signal(str)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.newConnection.connect(self._on_new_connection)
        self._buffers = {}

    def start(self):
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.listen(SERVER_NAME)

    @Slot()
    def _on_new_connection(self):
        socket = self._server.nextPendingConnection()
        socket.readyRead.connect(lambda: self._read(socket))
        socket.disconnected.connect(socket.deleteLater)

    def _read(self, socket):
        command = bytes(socket.readAll()).decode()
        self.commandReceived.emit(command)


class Player(QObject):
    def __init__(self, parent=None):
        super().__init__(parent)
        self.timer = QTimer(self)
        self.timer.setInterval(500)
        self.timer.timeout.connect(self.update_position)
        self.position = 0

    @Slot()
    def update_position(self):
        self.position += 1

    def execute(self, command):
        if command == "play":
            self.timer.start()
        elif command == "pause":
            self.timer.stop()

    def seekTo(self, position):
        self.position = position


def notify_running():
    socket = QLocalSocket()
    socket.connectToServer(SERVER_NAME)
    if not socket.waitForConnected(500):
        return False
    socket.write(b"raise\n")
    socket.flush()
    socket.waitForBytesWritten(500)
    socket.disconnectFromServer()
    return True


def main():
    app = QApplication(sys.argv)
    if notify_running():
        return 0
    control = RemoteControl()
    player = Player()
    control.commandReceived.connect(player.execute)
    control.start()
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
