import selectors
import socket


class Waker:
    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.near, selectors.EVENT_READ, self.drain)

    def drain(self) -> None:
        while True:
            try:
                self.near.recv(99)
            except BlockingIOError:
                return

    def wake(self) -> None:
        self.far.sendall(b"!")
