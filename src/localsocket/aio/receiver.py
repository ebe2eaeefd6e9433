"""Where a loop puts the bytes that it receives: straight into memory of ours, the same for all sockets of the loop."""

from __future__ import annotations

import asyncio
import weakref
from typing import Protocol, cast

from localsocket.interfaces import KIB

# What one system call receives at most. One buffer for a whole loop is enough, since the loop fills it and says so
# without doing anything in between; it stays in the processor's cache.
RECEIVE_SIZE = 256 * KIB

_buffers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, memoryview] = weakref.WeakKeyDictionary()


def receive_buffer(loop: asyncio.AbstractEventLoop) -> memoryview:
    """Return the loop's one buffer."""
    if (buffer := _buffers.get(loop)) is None:
        buffer = _buffers[loop] = memoryview(bytearray(RECEIVE_SIZE))
    return buffer


class Receives(Protocol):
    """What a socket does for its receiver."""

    def begin_receiving(self, transport: asyncio.Transport) -> None: ...

    def room_for_bytes(self) -> memoryview:
        """Return where the next bytes go; never empty."""

    def take_in(self, count: int) -> None:
        """So many bytes have been put there."""

    def take_in_end(self) -> None:
        """The peer finished sending."""

    def end_receiving(self, error: Exception | None) -> None:
        """The loop has let go of the descriptor."""


class Receiver(asyncio.BufferedProtocol):
    """Hands everything that the loop says on to the socket, which may still write after the peer's end."""

    def __init__(self, socket: Receives) -> None:
        self._socket = socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket.begin_receiving(cast(asyncio.Transport, transport))  # uvloop's has the methods, not the base

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._socket.room_for_bytes()

    def buffer_updated(self, nbytes: int) -> None:
        self._socket.take_in(nbytes)

    def eof_received(self) -> bool:
        self._socket.take_in_end()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._socket.end_receiving(exc)
