"""Two ends of one connection: connected, with small kernel buffers, or already full."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

from localsocket.blocking.connect import pair
from localsocket.blocking.local_socket import LocalSocket
from localsocket.interfaces import DEFAULT_LIMITS, KIB, Limits
from localsocket.sockets.connected_socket import ConnectedSocket

_CHUNK = bytes(4 * KIB)


@contextlib.contextmanager
def connected_pair(
    *, limits: Limits = DEFAULT_LIMITS, kernel_buffer: int | None = None
) -> Iterator[tuple[LocalSocket, LocalSocket]]:
    """Yield two sockets connected to each other; at the end both are closed, whatever state they are in.

    `kernel_buffer` is about how many bytes the kernel buffers in each direction; with few, writes soon wait. The system
    has a minimum, some KiB.
    """
    first, second = pair(limits=limits)
    try:
        if kernel_buffer is not None:
            set_kernel_buffer(first, kernel_buffer)
            set_kernel_buffer(second, kernel_buffer)
        yield first, second
    finally:
        first.abort()
        second.abort()


@contextlib.contextmanager
def clogged_pair(*, limits: Limits = DEFAULT_LIMITS) -> Iterator[tuple[LocalSocket, LocalSocket, int]]:
    """Yield a pair whose first socket cannot send a byte until the second reads, and how many bytes are on the way.

    Nothing is queued in the first socket: the kernel holds all of it.
    """
    with connected_pair(limits=limits, kernel_buffer=4 * KIB) as (first, second):
        yield first, second, clog(first)


def clog(sender: ConnectedSocket) -> int:
    """Fill the kernel's buffer between `sender` and its peer; return how many zero bytes it accepted."""
    clogged = 0
    with _raw(sender) as raw:
        while True:
            try:
                clogged += raw.send(_CHUNK)
            except BlockingIOError:
                return clogged


def set_kernel_buffer(sender: ConnectedSocket, size: int) -> None:
    """Make the kernel buffer about `size` bytes that `sender` has sent and its peer has not read."""
    with _raw(sender) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)


def _raw(sender: ConnectedSocket) -> socket.socket:
    return socket.socket(fileno=os.dup(sender.fileno()))
