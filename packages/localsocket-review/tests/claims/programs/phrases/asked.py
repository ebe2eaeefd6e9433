"""What the phrasings are asked of: every name has a twin of which the contrary is true."""

import os
import socket
import stat


class Base:
    pass


class Derived(Base):
    pass


def opened(path, backlog=8):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen(backlog)
    return server


def served(path):
    try:
        with opened(path) as server:
            connection, _ = server.accept()
            connection.sendall(b"hello")
            connection.close()
    except TimeoutError:
        os.remove(path)


def main():
    served("/run/phrases.sock")


if __name__ == "__main__":
    main()
