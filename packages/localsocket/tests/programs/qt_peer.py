"""Real Qt: a QLocalServer or a QLocalSocket that plays one side of a conversation, and tells what it saw.

serve NAME ROLE plays the role with each client; call NAME ROLE with the server of that name, and ends. The roles are
those of interop/roles.py. Tells {"listening": path} or {"failed": error}, and at the end of each connection what came.
"""

from __future__ import annotations

import argparse
import hashlib
import sys

from common import tell
from PySide6.QtCore import QCoreApplication, QSocketNotifier
from PySide6.QtNetwork import QLocalServer, QLocalSocket

BLOCK = bytes(range(256)) * 4096
LINES = 100


class Peer:
    """One connection and its role: what is called when bytes have come, and what is written first."""

    def __init__(self, socket: QLocalSocket, role: str, *, then_quit: bool = False) -> None:
        self.socket = socket
        self.received = bytearray()
        self.lines = 0
        self.then_quit = then_quit
        on_bytes = {
            "answer": self.answer,
            "ask": self.ask,
            "echo": self.echo,
            "receive": self.receive,
            "receive_and_thank": self.receive_and_thank,
            "send": self.receive,
            "send_and_listen": self.receive,
        }
        socket.readyRead.connect(on_bytes[role])
        socket.disconnected.connect(self.on_disconnected)
        if role == "ask":
            socket.write(b"line 0\n")
        elif role in ("send", "send_and_listen"):
            socket.write(BLOCK)
            if role == "send":
                socket.disconnectFromServer()
        if socket.bytesAvailable():  # may have come before anybody was told
            socket.readyRead.emit()

    def answer(self) -> None:
        while self.socket.canReadLine():
            self.socket.write(self.socket.readLine().toUpper())

    def ask(self) -> None:
        while self.socket.canReadLine():
            self.received += self.socket.readLine().data()
            self.lines += 1
            if self.lines == LINES:
                self.socket.disconnectFromServer()
            else:
                self.socket.write(b"line %d\n" % self.lines)

    def receive(self) -> None:
        self.received += self.socket.readAll().data()

    def receive_and_thank(self) -> None:
        self.receive()
        if len(self.received) == len(BLOCK):
            self.socket.write(b"thanks\n")
            self.socket.disconnectFromServer()

    def echo(self) -> None:
        self.socket.write(self.socket.readAll())

    def on_disconnected(self) -> None:
        tell(
            {
                "received": len(self.received),
                "digest": hashlib.sha256(self.received).hexdigest(),
                "error": self.socket.error().name,
            }
        )
        if self.then_quit:
            QCoreApplication.quit()


class Server(QLocalServer):
    def __init__(self, role: str) -> None:
        super().__init__()
        self.role = role
        self.peers: list[Peer] = []
        self.newConnection.connect(self.on_new_connection)

    def on_new_connection(self) -> None:
        while (socket := self.nextPendingConnection()) is not None:
            self.peers.append(Peer(socket, self.role))


def serve(application: QCoreApplication, options: argparse.Namespace) -> None:
    server = Server(options.role)
    if options.abstract:
        server.setSocketOptions(QLocalServer.SocketOption.AbstractNamespaceOption)
    if options.access:
        server.setSocketOptions(QLocalServer.SocketOption[f"{options.access}AccessOption"])
    if not server.listen(options.name):
        tell({"failed": server.serverError().name})
        return
    tell({"listening": server.fullServerName()})
    application.exec()
    server.close()


def call(application: QCoreApplication, options: argparse.Namespace) -> None:
    socket = QLocalSocket()
    if options.abstract:
        socket.setSocketOptions(QLocalSocket.SocketOption.AbstractNamespaceOption)
    socket.connectToServer(options.name)
    if not socket.waitForConnected(10_000):
        tell({"failed": socket.error().name})
        return
    peer = Peer(socket, options.role, then_quit=True)
    application.exec()
    peer.socket.abort()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=["serve", "call"])
    parser.add_argument("name")
    parser.add_argument("role")
    parser.add_argument("--abstract", action="store_true")
    parser.add_argument("--access")
    options = parser.parse_args()
    application = QCoreApplication(sys.argv[:1])
    ends = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    ends.activated.connect(QCoreApplication.quit)
    (serve if options.part == "serve" else call)(application, options)


if __name__ == "__main__":
    main()
