"""Frames: a header of twelve bytes that says how long the body is, and what it is. See docs/wire-format.md."""

from __future__ import annotations

import enum
import struct
import sys
from typing import Final, TypeAlias

from localsocket._core import short_ways
from localsocket.errors import MessageTooLong, PeerBrokeProtocol
from localsocket.interfaces import Laden
from localsocket.values.gathering import Gathered, Written

HEADER: Final = struct.Struct(">IBBHI")
"""Bytes of the body, kind, descriptors that come with the frame, flags, id."""

HEADER_SIZE: Final = HEADER.size

PIECE: Final = 8 * 1024
"""What is read at once of a peer that others wait beside: of the smallest frames some 500, which takes 2 ms."""

# Smaller bodies are copied out of what arrived, larger ones are looked at where they are.
_VIEWED = 4096

Body: TypeAlias = bytes | memoryview
Frame: TypeAlias = tuple[int, int, Body]
"""Kind, id and body; both numbers are plain."""


class Kind(enum.IntEnum):
    """What a frame is for. Others below MAY_BE_IGNORED break the protocol, those from there on are passed over."""

    GREETING = 1
    MESSAGE = 2
    CALL = 3
    NOTIFICATION = 4
    REPLY = 5
    FAILURE = 6
    STREAM = 7
    ITEM = 8
    END = 9
    CREDIT = 10
    CANCEL = 11
    MEMORY = 12
    MEMORY_ANSWER = 13
    BODY_IN_MEMORY = 14


MAY_BE_IGNORED: Final = 128
"""Kinds from here on say nothing that a receiver would have to know of, in whatever later version."""

GREETING_ID: Final = int.from_bytes(b"LSCK", "big")
"""Stands where others have their id, so that a program that talks of something else is known by its first bytes."""

VERSION: Final = 1
"""Stands in the flags of a greeting. All other flags are 0 in this version."""

MAX_GREETING: Final = 64 * 1024

_GREETING: Final = int(Kind.GREETING)
_KINDS: Final = frozenset(map(int, Kind))
_LATER: Final = _KINDS - {Kind.GREETING}
_HEADER: Final = struct.Struct(">IB3sI")
_NO_EXTRAS: Final = bytes(3)


def encode_frame(kind: int, number: int, body: Written) -> bytes:
    """Return the frame, Laden where descriptors travel along: these are its from then on."""
    if type(body) is Gathered:
        if (batch := body.batch) is not None:
            return Laden(body.join(HEADER.pack(len(body), kind, batch.count, 0, number)), batch)
        return body.join(HEADER.pack(len(body), kind, 0, 0, number))
    return HEADER.pack(len(body), kind, 0, 0, number) + body


def encode_greeting(body: bytes) -> bytes:
    return HEADER.pack(len(body), Kind.GREETING, 0, VERSION, GREETING_ID) + body


def check_known(kind: int) -> None:
    """Raise PeerBrokeProtocol for a kind that this version would have to know of."""
    if kind not in _KINDS and kind < MAY_BE_IGNORED:
        raise PeerBrokeProtocol(f"the peer sent a frame of kind {kind}, which this version does not know")


@short_ways("feed")
class FrameDecoder:
    """Makes frames of bytes as they arrive, however they are cut. Nothing is held but what has arrived.

    The first frame has to be a greeting, and no other may be one. A length beyond `max_body` is refused when its
    header is there, before anything is kept for it.

    feed() gives the frames that begin within one `piece` of what is there. While `has_more` is true it gives others of
    it, also when it is fed nothing. `unfinished` is how many bytes are held of a frame that has not arrived whole.
    """

    __slots__ = ("_arrived", "_is_greeted", "_last", "_needed", "has_more", "max_body", "unfinished")

    def __init__(self, max_body: int, *, piece: int = sys.maxsize) -> None:
        self.max_body = max_body
        self._last = piece - 1  # where the last frame of a piece may begin
        self._arrived = bytearray()
        self._needed = HEADER_SIZE
        self._is_greeted = False
        self.has_more = False  # these two are asked after each feed(), and change only where something is held
        self.unfinished = 0

    def __len__(self) -> int:
        """How many bytes are held: of an unfinished frame, and what there is more of."""
        return len(self._arrived)

    @property
    def wanted(self) -> int:
        """How many bytes are missing of an unfinished frame, as far as its length is known."""
        return max(0, self._needed - len(self._arrived))

    def feed(self, data: bytes) -> list[Frame]:
        """Return frames that `data` completes. Raises PeerBrokeProtocol; nothing may be fed after that."""
        if not self._arrived:
            if self._is_greeted and len(data) >= HEADER_SIZE:
                # Nearly always one whole frame arrives, and nothing else.
                length, kind, extras, number = _HEADER.unpack_from(data)
                if (
                    length == len(data) - HEADER_SIZE
                    and extras == _NO_EXTRAS
                    and kind in _LATER
                    and length <= self.max_body
                ):
                    return [(kind, number, memoryview(data)[HEADER_SIZE:] if length > _VIEWED else data[HEADER_SIZE:])]
            return self._parse(data, 0, [])
        self._arrived += data
        self._note_held()
        if not self.has_more:
            return []
        arrived, self._arrived = self._arrived, bytearray()
        self.has_more = False
        return self._parse(arrived, 0, [])

    def check_end(self) -> None:
        """Raise PeerBrokeProtocol when the stream may not end here: in the middle of a frame."""
        if self._arrived:
            raise PeerBrokeProtocol(f"the peer finished sending after {len(self._arrived)} bytes of a frame")

    def _parse(self, data: bytes | bytearray, start: int, frames: list[Frame]) -> list[Frame]:
        """Return `frames`, to which those are appended that begin at `start` and behind it."""
        end = len(data)
        last = min(end - HEADER_SIZE, self._last)
        while start <= last:
            length, kind, descriptors, flags, number = HEADER.unpack_from(data, start)
            if descriptors or flags or length > self.max_body or not self._is_greeted or kind == _GREETING:
                self._check_header(length, kind, descriptors, flags, number)
            elif kind not in _KINDS:
                check_known(kind)
            body = start + HEADER_SIZE
            stop = body + length
            if stop > end:
                self._needed = HEADER_SIZE + length
                self._arrived += memoryview(data)[start:]
                self._note_held()
                return frames
            self._is_greeted = True
            start = stop
            if kind < MAY_BE_IGNORED:
                seen = memoryview(data)[body:stop] if length > _VIEWED else bytes(data[body:stop])
                frames.append((kind, number, seen))
        self._needed = HEADER_SIZE
        if start < end:
            self._arrived += data[start:]
            self._note_held()
        return frames

    def _note_held(self) -> None:
        held = len(self._arrived)
        self.has_more = held >= self._needed
        self.unfinished = 0 if self.has_more else held

    def _check_header(self, length: int, kind: int, descriptors: int, flags: int, number: int) -> None:
        if not self._is_greeted:
            if kind != Kind.GREETING or number != GREETING_ID:
                raise PeerBrokeProtocol("the peer does not speak this protocol: its first bytes are not a greeting")
            if flags != VERSION:
                raise PeerBrokeProtocol(
                    f"the peer speaks version {flags} of the protocol, and this side speaks {VERSION}"
                )
            if descriptors:
                raise PeerBrokeProtocol("the peer sent descriptors with its greeting")
            if length > MAX_GREETING:
                raise MessageTooLong(length, MAX_GREETING)
            return
        if kind == Kind.GREETING:
            raise PeerBrokeProtocol("the peer greeted twice")
        if descriptors:
            raise PeerBrokeProtocol("the peer sent descriptors, which was not agreed on")
        if flags:
            raise PeerBrokeProtocol(f"the peer set flags {flags:#06x}, which this version does not know")
        if length > self.max_body:
            raise MessageTooLong(length, self.max_body)
