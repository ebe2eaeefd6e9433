from PyQt6.QtNetwork import QLocalServer


def welcome(server: QLocalServer) -> None:
    socket = server.nextPendingConnection()
    if socket is None:
        return
    socket.write(b"busy\n")
    socket.deleteLater()
