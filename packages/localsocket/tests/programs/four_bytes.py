"""serve NAME CLIENTS: send four bytes to so many clients. call NAME: wait for the server, and tell what it sends."""

from __future__ import annotations

import sys

from common import tell

import localsocket

PATIENCE = 60.0


def serve(name: str, clients: int) -> None:
    with localsocket.listen(name) as server:
        for _ in range(clients):
            with server.accept(timeout=PATIENCE) as socket:
                socket.write(b"test")


def call(name: str) -> None:
    with localsocket.connect(name, timeout=PATIENCE, wait_for_server=True) as socket:
        tell(socket.read_to_end(timeout=PATIENCE).decode())


if sys.argv[1] == "serve":
    serve(sys.argv[2], int(sys.argv[3]))
else:
    call(sys.argv[2])
