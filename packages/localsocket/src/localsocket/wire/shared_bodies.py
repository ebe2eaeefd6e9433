"""Bodies that stand in shared memory: which way a large one goes, and where one is that has come.

The memory is made at the first large body, which goes by socket like all others until the peer has answered. From then
on a frame names the blocks where the body is. Large values in it may stand apart there, before it, so that each of them
is copied once, from there to where it stays. See docs/wire-format.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from localsocket.errors import MessageTooLong, PeerBrokeProtocol
from localsocket.interfaces import KIB, Buffer, MemoryName
from localsocket.values.gathering import Gathered, Written
from localsocket.wire.frames import HEADER_SIZE, Body, Kind, encode_frame
from localsocket.wire.greeting import Greeting
from localsocket.wire.serializers import UNREADABLE

SHARED_MEMORY: Final = "shared-memory"
"""The capability of a side that takes bodies out of the other's memory, and may send them so."""

APART: Final = "apart"
"""The capability of a side that takes bodies whose large values stand apart, and may send them so."""

LARGE: Final = 128 * KIB
"""Bytes of a body from which on it goes by memory, where there is room: what is shorter mostly arrives in one piece,
which is as fast by socket (benchmarks/compare_payloads.py)."""

LAST_BY_SOCKET: Final = int(Kind.CANCEL)
"""The kinds beyond this one are what this module is about."""

_MEMORY, _ANSWER, _BODY = map(int, (Kind.MEMORY, Kind.MEMORY_ANSWER, Kind.BODY_IN_MEMORY))
_REPLY = int(Kind.REPLY)
_MAY_STAND_THERE = frozenset(map(int, (Kind.CALL, Kind.NOTIFICATION, Kind.REPLY, Kind.FAILURE, Kind.ITEM)))
_SMALLEST_APART = 4 * KIB  # bytes: a value takes more than these, which a peer could make cost much


class Memory(Protocol):
    """Memory that is mapped until it is closed."""

    def look_if_idle(self) -> bool: ...
    def close(self) -> None: ...


class OwnMemory(Memory, Protocol):
    """Memory of this side. Any thread may call."""

    @property
    def name(self) -> MemoryName: ...
    def has_been_opened(self) -> None: ...
    def place(self, pieces: Sequence[Buffer], size: int) -> int | None: ...
    def take_back(self, first: int, size: int) -> None: ...


class PeersMemory(Memory, Protocol):
    """Memory of the peer."""

    def take(
        self, first: int, size: int, apart: Sequence[tuple[bool, int]] = (), into: memoryview | None = None
    ) -> bytes: ...


class Memories(Protocol):
    """Makes and opens memory, as far as that is possible and wanted, and keeps count of what went by it."""

    bytes_sent: int
    bytes_received: int

    def make(self) -> OwnMemory | None: ...
    def open(self, name: MemoryName) -> PeersMemory | None: ...


class PlacedBody(msgspec.Struct, array_like=True):
    """The body of a frame whose body stands in memory: its kind, the first of its blocks, and its bytes.

    Of each value that stands apart in it: whether it is an array, and its bytes.
    """

    kind: int
    first: int
    size: int
    apart: list[tuple[bool, int]] = []


_encode = msgspec.msgpack.Encoder().encode
_decode_name = msgspec.msgpack.Decoder(MemoryName).decode
_decode_place = msgspec.msgpack.Decoder(PlacedBody).decode
_decode_answer = msgspec.msgpack.Decoder(bool).decode


class SharedBodies:
    """The large bodies of one connection, both ways; `memories` is None where none is to be shared with this peer.

    encode() may be called by any thread, take() by who reads. `output` is what is to be sent for what was taken. When
    memory is used for the first time, and after rest() for the next time, `on_use` is called.
    """

    __slots__ = (
        "_max_body",
        "_may_be_apart",
        "_memories",
        "_on_use",
        "_own",
        "_own_is_ready",
        "_peers",
        "_was_offered",
        "_was_used",
        "output",
    )

    def __init__(
        self, memories: Memories | None, max_body: int, on_use: Callable[[], object] | None, *, may_be_apart: bool
    ) -> None:
        self._memories = memories
        self._may_be_apart = may_be_apart
        self._max_body = max_body
        self._own: OwnMemory | None = None
        self._own_is_ready = False
        self._was_offered = memories is None
        self._peers: PeersMemory | None = None
        self._on_use = on_use
        self._was_used = False
        self.output = b""

    def encode(self, kind: int, number: int, body: Written) -> bytes:
        """Return the frame of a large body, which is put into memory where there is room.

        One with which descriptors travel goes by socket, with them.
        """
        own = self._own
        if isinstance(body, Gathered) and body.batch is not None:
            return encode_frame(kind, number, body)
        if not self._was_offered:
            return self._offer() + encode_frame(kind, number, body)
        if own is None or not self._own_is_ready:
            return encode_frame(kind, number, body)
        size, apart = len(body), None
        pieces: Sequence[Buffer] = [body] if isinstance(body, bytes) else body.pieces
        if self._may_be_apart and isinstance(body, Gathered) and (apart := body.apart()) is not None:
            pieces = apart.pieces
        first = own.place(pieces, size)
        if first is None:
            return encode_frame(kind, number, body)
        assert self._memories is not None
        self._memories.bytes_sent += size
        self._use()
        place = (kind, first, size) if apart is None else (kind, first, size, apart.values)
        return encode_frame(_BODY, number, _encode(place))

    def withdraw(self, frame: bytes) -> None:
        """The frame that encode() has returned is never sent, not even in part."""
        if (own := self._own) is None:
            return
        if frame[4] == _BODY:
            place = _decode_place(memoryview(frame)[HEADER_SIZE:])
            own.take_back(place.first, place.size)
        elif frame[4] == _MEMORY:
            self._own, self._was_offered = None, False
            own.close()

    def take(self, kind: int, body: Body, into: memoryview | None = None) -> tuple[int, Body] | None:
        """Return kind and body of what stands in memory, or None for a frame that is about memory itself.

        The one large value of a result is written `into` that memory, if it has room. Raises PeerBrokeProtocol.
        """
        try:
            if kind == _BODY:
                return self._take_body(_decode_place(body), into)
            if kind == _MEMORY:
                self._open(_decode_name(body))
            else:
                self._take_answer(is_taken=_decode_answer(body))
        except UNREADABLE as error:
            raise PeerBrokeProtocol(f"what the peer says about shared memory cannot be read: {error}") from error
        return None

    def take_output(self) -> bytes:
        output, self.output = self.output, b""
        return output

    def rest(self) -> bool:
        """Give the pages of memory that has not been used back to the system; return whether that is all of it.

        To be called from time to time, since `on_use` was, until it is; under the same lock as all else.
        """
        looks = [memory.look_if_idle() for memory in (self._own, self._peers) if memory is not None]
        self._was_used = not all(looks)
        return not self._was_used

    def close(self) -> None:
        """Let all memory go; nothing may be taken any more, and what is sent goes by socket."""
        self._was_offered = True
        own, self._own, peers, self._peers = self._own, None, self._peers, None
        for memory in (own, peers):
            if memory is not None:
                memory.close()

    # ------------------------------------------------------------------------------------------------------------------

    def _use(self) -> None:
        if not self._was_used and self._on_use is not None:
            self._was_used = True
            self._on_use()

    def _offer(self) -> bytes:
        """Return the frame that tells the peer of memory of this side, or nothing where there is none."""
        self._was_offered = True
        assert self._memories is not None
        self._own = own = self._memories.make()
        return b"" if own is None else encode_frame(_MEMORY, 0, _encode(own.name))

    def _take_answer(self, *, is_taken: bool) -> None:
        own = self._own
        if own is None or self._own_is_ready:
            raise PeerBrokeProtocol("the peer answered an offer of memory that was not made")
        own.has_been_opened()
        self._own_is_ready = is_taken
        if not is_taken:
            self._own = None
            own.close()

    def _open(self, name: MemoryName) -> None:
        if self._peers is not None:
            raise PeerBrokeProtocol("the peer offered memory twice")
        if self._memories is not None:
            self._peers = self._memories.open(name)
        self._use()
        self.output += encode_frame(_ANSWER, 0, _encode(self._peers is not None))

    def _take_body(self, place: PlacedBody, into: memoryview | None) -> tuple[int, Body]:
        if self._peers is None or self._memories is None:
            raise PeerBrokeProtocol("the peer sent a body in memory, but shares none")
        if place.kind not in _MAY_STAND_THERE:
            raise PeerBrokeProtocol(f"the peer sent a frame of kind {place.kind} in memory, where it is not allowed")
        if place.size > self._max_body:
            raise MessageTooLong(place.size, self._max_body)
        if place.apart:
            self._check_apart(place)
        body = self._peers.take(place.first, place.size, place.apart, into if place.kind == _REPLY else None)
        self._memories.bytes_received += place.size
        self._use()
        return place.kind, body

    def _check_apart(self, place: PlacedBody) -> None:
        if not self._may_be_apart:
            raise PeerBrokeProtocol("the peer sent values apart from their message, which was not agreed on")
        if min(size for _, size in place.apart) < _SMALLEST_APART or sum(size for _, size in place.apart) > place.size:
            raise PeerBrokeProtocol(f"the peer sent values apart, {place.apart[:8]} of {place.size} bytes in all")


def agreed_bodies(
    mine: Greeting, peer: Greeting, memories: Memories | None, on_use: Callable[[], object] | None = None
) -> SharedBodies | None:
    """Return what takes and sends bodies in memory, where both sides have said that they do so."""
    if SHARED_MEMORY in mine.capabilities and SHARED_MEMORY in peer.capabilities:
        may_be_apart = APART in mine.capabilities and APART in peer.capabilities
        return SharedBodies(memories, mine.max_message, on_use, may_be_apart=may_be_apart)
    return None
