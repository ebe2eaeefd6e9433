"""The hot path in Python: what each name of the core does, and all of it where nothing was compiled."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import TypeVar

_Class = TypeVar("_Class", bound=type)


def receiver(sock: socket.socket) -> Callable[[int], bytes]:
    """Return what receives at most so many bytes from a non-blocking socket, as its recv() does."""
    return sock.recv


def sender(sock: socket.socket) -> Callable[..., int]:
    """Return what sends bytes, with flags, on a non-blocking socket, as its send() does."""
    return sock.send


def see_to(ready: Iterator[tuple[int, int]], targets: dict[int, Callable[[int], object]]) -> None:
    """Tell each target that is ready what it is ready for.

    What raises ends this, and `ready` stands behind that one: who calls again goes on with the others.
    """
    for descriptor, mask in ready:
        # An earlier event of this batch may have ended this one.
        if (on_events := targets.get(descriptor)) is not None:
            on_events(mask)


def short_ways(*_names: str) -> Callable[[_Class], _Class]:
    """Have these methods of the decorated class go their short way in C, where there is C.

    The short way is what nearly always happens; for all else the compiled core calls the method as it stands here. It
    knows `write_nowait` of a ConnectedSocket, and `read_available` and `_on_events` of an EventSocket.
    """
    return lambda decorated: decorated
