from PyQt6.QtNetwork import QLocalServer


def welcome(server: QLocalServer) -> None:
    socket = server.nextPendingConnection()  # expect: LS202
    socket.write(b"busy\n")
    socket.deleteLater()
