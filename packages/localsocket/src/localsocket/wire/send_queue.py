"""Written bytes waiting to be sent, in order."""

from __future__ import annotations

from collections import deque

from localsocket.interfaces import KIB, Buffer, Laden

# One send for many small writes: a system call costs as much as copying about this much.
_JOINED = 64 * KIB


def join_small(pieces: list[bytes]) -> list[bytes]:
    """Return the same bytes in few pieces: small ones are joined, as long as that copies less than it saves.

    What is Laden stays as it is: a piece of its own.
    """
    if len(pieces) < 2:
        return pieces
    if Laden in map(type, pieces):
        return _join_around(pieces)
    if sum(map(len, pieces)) <= _JOINED:
        return [b"".join(pieces)]
    joined: list[bytes] = []
    start = size = 0
    for end, piece in enumerate(pieces):
        size += len(piece)
        if size > _JOINED and end > start:
            joined.append(b"".join(pieces[start:end]))
            start, size = end, len(piece)
    joined.append(b"".join(pieces[start:]))
    return joined


def _join_around(pieces: list[bytes]) -> list[bytes]:
    joined, before = list[bytes](), list[bytes]()
    for piece in pieces:
        if type(piece) is Laden:
            joined += [*join_small(before), piece]
            before = []
        else:
            before.append(piece)
    return joined + join_small(before)


class SendQueue:
    """What was written and not yet taken by the kernel. Not thread-safe: whoever owns it holds a lock.

    `size` is how many bytes wait; `total_sent` counts what ever left the queue, so that a writer knows when its own
    last byte is out.
    """

    __slots__ = ("_pieces", "limit", "size", "total_sent")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.total_sent = 0
        self._pieces: deque[Buffer] = deque()
        self.size = 0

    def __len__(self) -> int:
        return self.size

    def has_room_for(self, count: int) -> bool:
        """Whether `count` more bytes may wait; one write larger than the limit may when nothing else waits."""
        return not self.size or self.size + count <= self.limit

    def append(self, piece: Buffer) -> int:
        """Queue `piece`, which must not change until it is sent; return what total_sent will then be."""
        self._pieces.append(piece)
        self.size += len(piece)
        return self.total_sent + self.size

    def recount(self) -> None:
        """Count anew what waits, after append() was interrupted."""
        self.size = sum(map(len, self._pieces))

    def copy_borrowed(self) -> None:
        """Copy the pieces that their writers may change once their calls have returned."""
        self._pieces = deque(piece if isinstance(piece, bytes) else bytes(piece) for piece in self._pieces)

    def next_piece(self) -> Buffer:
        """Return what to send next: one large piece, one that is Laden, or several small ones joined."""
        first = self._pieces[0]
        if len(self._pieces) == 1 or len(first) >= _JOINED or type(first) is Laden:
            return first
        joined = bytearray()
        while self._pieces and len(joined) + len(self._pieces[0]) <= _JOINED and type(self._pieces[0]) is not Laden:
            joined += self._pieces.popleft()
        self._pieces.appendleft(bytes(joined))
        return self._pieces[0]

    def mark_sent(self, count: int) -> None:
        """Drop the first `count` bytes of the piece that next_piece() returned."""
        if not count:
            return  # and what is Laden stays so
        self.size -= count
        self.total_sent += count
        first = self._pieces.popleft()
        if count < len(first):
            self._pieces.appendleft(memoryview(first)[count:])

    def clear(self) -> int:
        """Drop everything; return how many bytes that was."""
        dropped, self.size = self.size, 0
        self._pieces.clear()
        return dropped
