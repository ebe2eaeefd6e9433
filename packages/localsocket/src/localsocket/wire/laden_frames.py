"""Frames on a connection that carries descriptors: each is given those that came with its first byte."""

from __future__ import annotations

import sys
from typing import Final, NamedTuple, Protocol

from localsocket.errors import PeerBrokeProtocol
from localsocket.interfaces import Laden
from localsocket.values.descriptors import DescriptorBatch
from localsocket.wire.frames import HEADER, HEADER_SIZE, MAY_BE_IGNORED, Frame, FrameDecoder, Kind, check_known

_CARRIERS: Final = frozenset({int(Kind.CALL), int(Kind.NOTIFICATION), int(Kind.REPLY)})


class ArrivedDescriptors(Protocol):
    """The descriptors that have come on a connection, by the bytes that they came with, counted from where it began."""

    def claim(self, place: int, count: int) -> DescriptorBatch:
        """Return those that came with the byte at `place`. Raises PeerBrokeProtocol unless they are so many."""

    def check(self, place: int) -> None:
        """Raise PeerBrokeProtocol where some came before `place`, and nobody has claimed them."""


class _Head(NamedTuple):
    """What the header of the frame says that has not arrived whole."""

    length: int
    kind: int
    number: int
    batch: DescriptorBatch | None


class LadenFrameDecoder(FrameDecoder):
    """A FrameDecoder that counts the bytes: the headers say how many descriptors have to have come with which of them.

    At most `most` may come with one frame. Of what it is fed, `ahead` bytes came before `arrivals` began to count.
    """

    __slots__ = ("_arrivals", "_head", "_most", "_place")

    def __init__(
        self, max_body: int, arrivals: ArrivedDescriptors, most: int, *, piece: int = sys.maxsize, ahead: int = 0
    ) -> None:
        super().__init__(max_body, piece=piece)
        self._arrivals = arrivals
        self._most = most
        self._place = -ahead  # of the first byte that is held
        self._head: _Head | None = None

    @classmethod
    def going_on(cls, before: FrameDecoder, arrivals: ArrivedDescriptors, most: int) -> LadenFrameDecoder:
        """Return one that goes on with what another one holds, which is used no more."""
        made = cls(before.max_body, arrivals, most, ahead=len(before._arrived))
        made._last, made._arrived, made._needed = before._last, before._arrived, before._needed
        made._is_greeted = before._is_greeted
        made._note_held()
        return made

    def plain(self) -> FrameDecoder:
        """Return one that goes on with what this one holds, on a connection that carries no descriptors after all."""
        made = FrameDecoder(self.max_body)
        made._last, made._arrived, made._needed = self._last, self._arrived, self._needed
        made._is_greeted = self._is_greeted
        made._note_held()
        return made

    def close(self) -> None:
        """Let go of those of a frame that has not arrived whole, and never will."""
        if self._head is not None and self._head.batch is not None:
            self._head.batch.close()

    def feed(self, data: bytes) -> list[Frame]:
        self._arrived += data
        try:
            return self._parse_all()
        except BaseException:
            self._arrived, self._needed = bytearray(), HEADER_SIZE  # nothing may come of it any more
            self._note_held()
            raise

    def _parse_all(self) -> list[Frame]:
        arrived, frames, start = self._arrived, list[Frame](), 0
        while start <= self._last:
            if (head := self._head) is None:
                if len(arrived) - start < HEADER_SIZE:
                    break
                head = self._head = self._read_header(start)
            stop = start + HEADER_SIZE + head.length
            if stop > len(arrived):
                break
            self._head, self._is_greeted = None, True
            if head.kind < MAY_BE_IGNORED:
                body = bytes(memoryview(arrived)[start + HEADER_SIZE : stop])
                frames.append((head.kind, head.number, body if head.batch is None else Laden(body, head.batch)))
            start = stop
        self._place += start
        del arrived[:start]
        self._needed = HEADER_SIZE if self._head is None else HEADER_SIZE + self._head.length
        self._note_held()
        self._arrivals.check(self._place if self._head is None else self._place + self._needed)
        return frames

    def _read_header(self, start: int) -> _Head:
        length, kind, count, flags, number = HEADER.unpack_from(self._arrived, start)
        self._check_header(length, kind, 0 if self._is_greeted else count, flags, number)
        check_known(kind)
        if not count:
            return _Head(length, kind, number, None)
        if kind not in _CARRIERS:
            raise PeerBrokeProtocol(f"the peer sent descriptors with a frame of kind {kind}, which has none")
        if count > self._most:
            raise PeerBrokeProtocol(f"the peer sent {count} descriptors at once, but at most {self._most} are allowed")
        return _Head(length, kind, number, self._arrivals.claim(self._place + start, count))
