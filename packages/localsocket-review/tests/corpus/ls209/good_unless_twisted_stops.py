"""A port of Twisted is closed by stopListening()."""

from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol


class Greeting(Protocol):
    def connectionMade(self) -> None:
        self.transport.write(b"welcome\r\n")


class Door:
    def __init__(self, path: str) -> None:
        self.port = reactor.listenUNIX(path, Factory.forProtocol(Greeting), mode=0o600)

    def shutdown(self) -> None:
        self.port.stopListening()
