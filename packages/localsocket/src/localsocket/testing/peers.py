r"""Peers that misbehave, each in one way, for tests of your servers and sockets.

    with DeafPeer("editor.control") as peer:
        peer.misbehave(b"list\n")
        ...  # the server must still serve everybody else

A peer does its worst when misbehave() is called, and stays as it is until its `with` block ends.
`localsocket.testing.server_contract` tries all of them on one server.
"""

from __future__ import annotations

import abc
import contextlib
import fcntl
import os
import select
import socket
import struct
import termios
import threading
from collections.abc import Iterator
from typing import Self

from localsocket.blocking.connect import connect
from localsocket.blocking.local_socket import LocalSocket
from localsocket.interfaces import DEFAULT_LIMITS, KIB, MIB, Limits
from localsocket.testing.background import PATIENCE, wait_until

# What ends a peer's misbehaviour early, and rightly: whoever is set upon may hang up.
_HUNG_UP_ON = (BrokenPipeError, ConnectionResetError)

_ENOUGH = 64 * MIB
_NOTHING_HAPPENS = 0.2


class MisbehavingPeer(abc.ABC):
    """One end of a connection: connected to the server at an address, or a raw socket that it takes over."""

    def __init__(self, place: str | os.PathLike[str] | socket.socket) -> None:
        if isinstance(place, socket.socket):
            self._sock = place
        else:
            self._sock = socket.socket(fileno=connect(place, timeout=PATIENCE).detach())
        self._sock.settimeout(PATIENCE)

    @classmethod
    @contextlib.contextmanager
    def facing(cls, *, limits: Limits = DEFAULT_LIMITS) -> Iterator[tuple[Self, LocalSocket]]:
        """Return such a peer, and the socket at the other end, which has to cope with it."""
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with cls(own) as peer:
            borne = LocalSocket.adopt_descriptor(other.detach(), limits=limits)
            try:
                yield peer, borne
            finally:
                borne.abort()

    @abc.abstractmethod
    def misbehave(self, message: bytes) -> None:
        """Misbehave; `message` is what a well-behaved peer would send first."""

    def close(self) -> None:
        self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SilentPeer(MisbehavingPeer):
    """Stays connected, sends nothing and reads nothing."""

    def misbehave(self, message: bytes) -> None:
        """Do nothing at all."""


class DeafPeer(MisbehavingPeer):
    """Sends the same message again and again, in arbitrary pieces, and never reads an answer."""

    def misbehave(self, message: bytes) -> None:
        """Send until the other end accepts no more."""
        many = _repeated(message)
        sent = 0
        with contextlib.suppress(*_HUNG_UP_ON):
            while sent < _ENOUGH and select.select([], [self._sock], [], _NOTHING_HAPPENS)[1]:
                sent += self._sock.send(many, socket.MSG_DONTWAIT)


class TricklingPeer(MisbehavingPeer):
    """Sends one byte at a time, each when the one before has been read."""

    def misbehave(self, message: bytes) -> None:
        with contextlib.suppress(*_HUNG_UP_ON):
            for index in range(len(message)):
                self._sock.send(message[index : index + 1])
                wait_until(self._is_read, "a byte to be read")

    def _is_read(self) -> bool:
        (unread,) = struct.unpack("i", fcntl.ioctl(self._sock, termios.TIOCOUTQ, bytes(4)))
        return not unread


class VanishingPeer(MisbehavingPeer):
    """Sends the first half of a message and is gone."""

    def misbehave(self, message: bytes) -> None:
        self._sock.sendall(message[: len(message) // 2])
        self.close()


class ResettingPeer(MisbehavingPeer):
    """Sends a message and leaves without reading the answer, so that the other end gets ECONNRESET."""

    def misbehave(self, message: bytes) -> None:
        self._sock.sendall(message)
        select.select([self._sock], [], [], PATIENCE)
        self.close()


class FloodingPeer(MisbehavingPeer):
    """Sends without end, in a thread, and reads nothing."""

    def __init__(self, place: str | os.PathLike[str] | socket.socket) -> None:
        super().__init__(place)
        self.sent = 0
        self._thread: threading.Thread | None = None

    def misbehave(self, message: bytes) -> None:
        """Start sending `message` over and over; returns at once."""
        self._thread = threading.Thread(target=self._send, args=[_repeated(message)], name="flood", daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._thread is not None:
            with contextlib.suppress(OSError):  # hung up on already
                self._sock.shutdown(socket.SHUT_RDWR)
            self._thread.join()
        super().close()

    def _send(self, flood: bytes) -> None:
        self._sock.settimeout(None)
        with contextlib.suppress(*_HUNG_UP_ON):
            while True:
                self.sent += self._sock.send(flood)


def _repeated(message: bytes) -> bytes:
    return message * max(1, 64 * KIB // len(message))


EVERY_MISBEHAVIOUR: tuple[type[MisbehavingPeer], ...] = (
    SilentPeer,
    DeafPeer,
    TricklingPeer,
    VanishingPeer,
    ResettingPeer,
    FloodingPeer,
)
