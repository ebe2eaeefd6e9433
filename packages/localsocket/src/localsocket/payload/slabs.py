"""The two ends of shared memory: its owner puts bodies into it, lowest free blocks first, and the peer copies them out.

All that decides anything is said by a frame on the socket, which cannot change any more when it has been read. The
memory itself says only which blocks are claimed: its owner sets that and the reader takes it back. Each can harm itself
alone by that: a reader that takes it back too early is sent something else in its place, and with one that never does
its peer goes by socket.
"""

from __future__ import annotations

import contextlib
import mmap
import threading
from collections.abc import Sequence
from functools import partial

from localsocket.errors import PeerBrokeProtocol
from localsocket.interfaces import Buffer, MemoryName, Outline
from localsocket.interrupts import while_held
from localsocket.payload.sealed_memory import BLOCK, STATES, STOP, make_memory, open_memory

_FREE, _CLAIMED = b"\0", b"\1"


class Slab:
    """What both ends know of the memory."""

    def __init__(self, mapped: mmap.mmap) -> None:
        self._mapped = mapped
        self._blocks = len(mapped) // BLOCK
        self._is_used = False  # since it was last looked at

    @property
    def size(self) -> int:
        return self._blocks * BLOCK

    @property
    def is_closed(self) -> bool:
        return self._mapped.closed

    def close(self) -> None:
        """Let the memory go; doing it again is fine."""
        self._mapped.close()

    def _close_in_child(self) -> None:
        # Where another thread was about to copy something it stays mapped: that thread is gone, and lets nothing go.
        with contextlib.suppress(BufferError):
            self.close()

    def _is_free(self) -> bool:
        return self._mapped.find(_CLAIMED, STATES + 1, STATES + self._blocks) < 0

    def _give_back(self) -> None:
        """Give the system the pages of all blocks, which stay mapped and are zeros then."""
        self._mapped.madvise(mmap.MADV_REMOVE, BLOCK, self.size - BLOCK)


class OwnSlab(Slab):
    """Memory that this side made, and claims blocks of. Any thread may call."""

    def __init__(self, size: int) -> None:
        mapped, self.name, self._descriptor = make_memory(size)
        super().__init__(mapped)
        self._lock = threading.RLock()  # which knows whose it is

    name: MemoryName

    def __del__(self) -> None:
        # An interrupt may have cut it off from the connection that closes it; the mapping closes itself.
        if hasattr(self, "_descriptor"):
            self._descriptor.close()

    def has_been_opened(self) -> None:
        """The peer has answered: nobody looks for the descriptor any more."""
        self._descriptor.close()

    def place(self, pieces: Sequence[Buffer], size: int) -> int | None:
        """Put a body of `size` bytes there; return its first block, or None where there is no room for it now."""
        # A signal's handler, or the garbage collector, may send in the midst of this: by socket, then.
        if self._lock._is_owned():  # type: ignore[attr-defined]
            return None
        try:
            return while_held(self._lock, 0, partial(self._place, pieces, size), _nowhere)
        except ValueError:  # it was closed, maybe meanwhile
            return None

    def take_back(self, first: int, size: int) -> None:
        """Free what place() returned, of which the peer has not been told."""
        count = -(-size // BLOCK)
        self._mapped[STATES + first : STATES + first + count] = bytes(count)

    def look_if_idle(self) -> bool:
        """Give the pages back where nothing was placed since the last look; return whether that is done."""
        return while_held(self._lock, 0, self._look, bool)

    def close(self) -> None:
        self.has_been_opened()
        super().close()

    def _look(self) -> bool:
        was_used, self._is_used = self._is_used, False
        if was_used or not self._is_free():
            return False
        self._give_back()
        return True

    def _place(self, pieces: Sequence[Buffer], size: int) -> int | None:
        mapped, count = self._mapped, -(-size // BLOCK)
        place = mapped.find(bytes(count), STATES + 1, STATES + self._blocks)
        if place < 0:
            return None
        mapped[place : place + count] = _CLAIMED * count
        # Looked at behind that: see PeersSlab.look_if_idle().
        if mapped[STOP]:
            mapped[place : place + count] = bytes(count)
            return None
        self._is_used = True
        start = (place - STATES) * BLOCK
        for piece in pieces:
            end = start + len(piece)
            mapped[start:end] = piece
            start = end
        return place - STATES


def _nowhere() -> int | None:
    return None


class PeersSlab(Slab):
    """Memory that the peer made, and claims blocks of; this side copies bodies out of it. One thread at a time."""

    def __init__(self, name: MemoryName, most: int) -> None:
        super().__init__(open_memory(name, most))
        self._is_used = True  # soon, as it was made for a use that goes by socket; that may be a call which takes long
        self._is_stopped = False

    def take(
        self, first: int, size: int, apart: Sequence[tuple[bool, int]] = (), into: memoryview | None = None
    ) -> bytes:
        """Return a copy of a body, whose blocks are free then. Raises PeerBrokeProtocol for what cannot be one.

        It is an Outline where values stand `apart` before it. Of each is told whether it is to be writable, and how
        many bytes it has; they have to be within the body, and are copied to a place of their own. One alone is copied
        `into` memory that is there already, if it has room.
        """
        count = -(-size // BLOCK)
        if not (0 < first < self._blocks and 0 < count <= self._blocks - first):
            raise PeerBrokeProtocol(f"the peer sent {size} bytes in block {first} of {self._blocks} that it shares")
        mapped, claimed = self._mapped, slice(STATES + first, STATES + first + count)
        if mapped[claimed] != _CLAIMED * count:
            raise PeerBrokeProtocol(f"the peer sent {size} bytes in block {first}, which it has not claimed")
        self._is_used = True
        start, end = first * BLOCK, first * BLOCK + size
        pieces: list[Buffer] = []
        if into is not None and len(apart) == 1 and apart[0][1] <= len(into):
            pieces.append(self._copied_into(into[: apart[0][1]], start))
            start += apart[0][1]
            apart = ()
        for is_writable, length in apart:
            pieces.append(self._writable_copy(start, length) if is_writable else mapped[start : start + length])
            start += length
        body = mapped[start:end]
        mapped[claimed] = bytes(count)
        return Outline(body, pieces) if pieces else body

    def _writable_copy(self, start: int, length: int) -> bytearray:
        with memoryview(self._mapped) as view, view[start : start + length] as part:
            return bytearray(part)

    def _copied_into(self, into: memoryview, start: int) -> memoryview:
        with memoryview(self._mapped) as view, view[start : start + len(into)] as part:
            into[:] = part
        return into

    def look_if_idle(self) -> bool:
        """Give the pages back where nothing came since the last look but one; return whether that is done.

        For a side whose peer cannot: it may have nobody who wakes up for that. The owner claims blocks, and then looks
        whether it may. So what is said here at one look is seen by it long before the next one, or its claim here: no
        store takes seconds to be seen, and what is stopped in between goes on with the second of its two steps.
        """
        was_used, self._is_used = self._is_used, False
        if not self._is_stopped:
            self._stop(is_stopped=not was_used)
            return False
        is_idle = not was_used and self._is_free()
        if is_idle:
            self._give_back()
        self._stop(is_stopped=False)
        return is_idle

    def _stop(self, *, is_stopped: bool) -> None:
        self._is_stopped = is_stopped
        self._mapped[STOP : STOP + 1] = _CLAIMED if is_stopped else _FREE
