"""Where a loop puts the bytes that it receives: straight into memory of ours, the same for all sockets of the loop."""

from __future__ import annotations

import asyncio
import weakref
from typing import Protocol

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

    def _begin_receiving(self, transport: asyncio.Transport) -> None: ...

    def _room_for_bytes(self, sizehint: int) -> memoryview:
        """Return where the next bytes go; never empty."""

    def _take_in(self, count: int) -> None:
        """So many bytes have been put there."""

    def _take_in_end(self) -> bool:
        """The peer finished sending; True keeps the connection, since this side may still write."""

    def _end_receiving(self, error: BaseException | None) -> None:
        """The loop has let go of the descriptor."""


class Receiver(asyncio.BufferedProtocol):
    """What the loop calls: the socket's own methods under asyncio's names, with no other function in between."""

    __slots__ = ("buffer_updated", "connection_lost", "connection_made", "eof_received", "get_buffer")

    def __init__(self, socket: Receives) -> None:
        for name, method in (
            ("connection_made", socket._begin_receiving),
            ("get_buffer", socket._room_for_bytes),
            ("buffer_updated", socket._take_in),
            ("eof_received", socket._take_in_end),
            ("connection_lost", socket._end_receiving),
        ):
            setattr(self, name, method)
