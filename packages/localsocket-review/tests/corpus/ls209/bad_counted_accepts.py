import os
import socket


class Dealer:
    def __init__(self, path: str) -> None:
        self.path = path
        self.server = socket.socket(socket.AF_UNIX)
        os.fchmod(self.server.fileno(), 0o600)
        self.server.settimeout(10)
        self.server.bind(path)
        self.server.listen(1)  # expect: LS209

    def deal(self) -> None:
        for card in (b"7", b"8", b"9"):
            player, _ = self.server.accept()
            with player:
                player.sendall(card)
        os.unlink(self.path)


Dealer("/run/user/1000/cards").deal()
