from PyQt6 import QtNetwork


def call(name, text):
    socket = QtNetwork.QLocalSocket()
    socket.connectToServer(name)
    socket.waitForConnected(1000)  # expect: LS201
    socket.write(text)
