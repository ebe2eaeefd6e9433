"""Write to a peer that is gone, in a program that has given SIGPIPE its default meaning back, as many do."""

from __future__ import annotations

import signal

from common import tell

import localsocket
from localsocket.errors import ClosedByPeer


class Silent(localsocket.Handler):
    def ready_read(self, socket: localsocket.EventSocket) -> None:
        """Leaves everything unread."""


def what_a_write_says(socket: localsocket.LocalSocket | localsocket.EventSocket) -> str:
    try:
        socket.write(b"anybody?")
    except ClosedByPeer as error:
        return type(error).__name__
    return "written"


def main() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    first, peer = localsocket.pair()
    peer.abort()
    with localsocket.EventLoop() as loop:
        second, other = localsocket.pair()
        driven = loop.add(second, Silent())
        other.abort()
        tell({"blocking": what_a_write_says(first), "driven": what_a_write_says(driven)})
    first.abort()


if __name__ == "__main__":
    main()
