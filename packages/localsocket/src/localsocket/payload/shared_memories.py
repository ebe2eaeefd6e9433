"""The memory that a client, or all connections of a service, share with their peers, and what was sent by it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from functools import partial

from localsocket.interfaces import MemoryName
from localsocket.interrupts import while_held
from localsocket.payload.sealed_memory import BLOCK, LARGEST, SMALLEST
from localsocket.payload.slabs import OwnSlab, PeersSlab, Slab


class SharedMemories:
    """Makes and opens memory, at most `connection` bytes for one connection, half of them for each direction, and
    `in_all` for all of them. Where there is no more it says None, and bodies go by socket. Any thread may call.

    `on_mapped` is told of each, which is to be closed in a child of this process. `bytes_sent` and `bytes_received` are
    of bodies that went by memory, and not exact when two threads add at once.
    """

    def __init__(self, connection: int, in_all: int, on_mapped: Callable[[Slab], object] = lambda _: None) -> None:
        self._direction = min(connection // 2 // BLOCK * BLOCK, LARGEST)
        self._in_all = in_all
        self._on_mapped = on_mapped
        self._lock = threading.RLock()
        self._mapped: weakref.WeakSet[Slab] = weakref.WeakSet()
        self.bytes_sent = 0
        self.bytes_received = 0

    @property
    def mapped_size(self) -> int:
        """How many bytes are mapped now."""
        return sum(slab.size for slab in self._mapped if not slab.is_closed)

    def make(self) -> OwnSlab | None:
        """Return memory of this side for one connection, which is to close it."""
        return while_held(self._lock, -1, self._make, _none)

    def open(self, name: MemoryName) -> PeersSlab | None:
        """Return memory of the peer for one connection, which is to close it; None for what is not suitable."""
        return while_held(self._lock, -1, partial(self._open, name), _none)

    def _make(self) -> OwnSlab | None:
        if self._direction < SMALLEST or not self._has_room(self._direction):
            return None
        try:
            slab = OwnSlab(self._direction)
        except OSError:  # there is no descriptor left, or no memory
            return None
        self._note(slab)
        return slab

    def _open(self, name: MemoryName) -> PeersSlab | None:
        if not self._has_room(name.size):
            return None
        try:
            slab = PeersSlab(name, self._direction)
        except OSError:
            return None
        self._note(slab)
        return slab

    def _has_room(self, size: int) -> bool:
        return self.mapped_size + size <= self._in_all

    def _note(self, slab: Slab) -> None:
        self._mapped.add(slab)
        self._on_mapped(slab)


def _none() -> None:
    return None
