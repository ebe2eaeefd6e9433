from PyQt6 import QtNetwork


def call(name, text):
    socket = QtNetwork.QLocalSocket()
    socket.connectToServer(name)
    assert socket.waitForConnected(1000)
    socket.write(text)
