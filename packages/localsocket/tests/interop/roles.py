"""The roles of a conversation, played by our sockets; programs/qt_peer.py plays the same with Qt's.

`ask` sends lines and waits for the answer to each, `answer` sends back each line in capitals. `send` sends a block and
closes, `receive` reads until the peer has closed. `send_and_listen` sends a block and reads until the peer has closed,
`receive_and_thank` reads a block, sends a line and closes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from localsocket import EventSocket, Handler, LocalSocket

PATIENCE = 60.0
BLOCK = bytes(range(256)) * 4096
LINES = 100
ANSWERS = b"".join(b"LINE %d\n" % number for number in range(LINES))


def ask(socket: LocalSocket) -> bytes:
    received = b""
    for number in range(LINES):
        socket.write(b"line %d\n" % number, timeout=PATIENCE)
        received += socket.read_line(timeout=PATIENCE, keep_ending=True)
    return received


def answer(socket: LocalSocket) -> bytes:
    for line in socket:
        socket.write(line.upper() + b"\n", timeout=PATIENCE)
    return b""


def send(socket: LocalSocket) -> bytes:
    socket.write(BLOCK, timeout=PATIENCE)
    return b""


def receive(socket: LocalSocket) -> bytes:
    return socket.read_to_end(timeout=PATIENCE)


def send_and_listen(socket: LocalSocket) -> bytes:
    socket.write(BLOCK, timeout=PATIENCE)
    return socket.read_to_end(timeout=PATIENCE)


def receive_and_thank(socket: LocalSocket) -> bytes:
    block = socket.read_exactly(len(BLOCK), timeout=PATIENCE)
    socket.write(b"thanks\n", timeout=PATIENCE)
    return block


ROLES: dict[str, Callable[[LocalSocket], bytes]] = {
    role.__name__: role for role in (ask, answer, send, receive, send_and_listen, receive_and_thank)
}

COUNTERPARTS = {
    "ask": "answer",
    "answer": "ask",
    "send": "receive",
    "receive": "send",
    "send_and_listen": "receive_and_thank",
    "receive_and_thank": "send_and_listen",
}

RECEIVES = {
    "ask": ANSWERS,
    "answer": b"",
    "send": b"",
    "receive": BLOCK,
    "send_and_listen": b"thanks\n",
    "receive_and_thank": BLOCK,
}

CLOSES_FIRST = ("ask", "send", "receive_and_thank")


def report_of(role: str) -> dict[str, object]:
    """Return what qt_peer.py tells of a conversation in which everything went well."""
    received = RECEIVES[role]
    # Qt calls the end of the stream an error.
    error = "UnknownSocketError" if role in CLOSES_FIRST else "PeerClosedError"
    return {"received": len(received), "digest": hashlib.sha256(received).hexdigest(), "error": error}


class EventRole(Handler):
    """Plays a role with each socket of a loop."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.received = b""

    def connected(self, socket: EventSocket) -> None:
        socket.context = 0  # lines asked
        if self.role == "ask":
            socket.write(b"line 0\n")
        elif self.role in ("send", "send_and_listen"):
            socket.write(BLOCK)
            if self.role == "send":
                socket.close(timeout=PATIENCE)

    def ready_read(self, socket: EventSocket) -> None:
        if self.role in ("ask", "answer"):
            self._read_lines(socket)
        else:
            self.received += socket.read_available()
            if self.role == "receive_and_thank" and len(self.received) == len(BLOCK):
                socket.write(b"thanks\n")
                socket.close(timeout=PATIENCE)

    def _read_lines(self, socket: EventSocket) -> None:
        while socket.has_line:
            line = socket.read_line_nowait(keep_ending=True)
            if self.role == "answer":
                socket.write(line.upper())
                continue
            self.received += line
            socket.context += 1
            if socket.context == LINES:
                socket.close(timeout=PATIENCE)
                return
            socket.write(b"line %d\n" % socket.context)
