"""One end of an exchange of messages: greetings first, then messages both ways. Nothing here waits."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable
from typing import Any

from localsocket.deadlines import check_count
from localsocket.errors import EndOfStream, PeerBrokeProtocol, TooLongToSend
from localsocket.interfaces import KIB, MIB
from localsocket.values.codec import Codec
from localsocket.values.gathering import LARGE
from localsocket.values.known_types import KnownTypes
from localsocket.values.refusing import check_can_be_sent
from localsocket.wire.byte_buffer import ByteBuffer
from localsocket.wire.frames import PIECE, Body, FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import Greeting, decode_greeting
from localsocket.wire.serializers import Serializer, SerializerName
from localsocket.wire.sizes import check_size

MAX_MESSAGE = 1 * MIB

# What is taken at once out of what has arrived, which may be much.
_CHUNK = 256 * KIB

_MESSAGE = int(Kind.MESSAGE)


class MessageExchange:
    """Makes frames of messages, and messages of bytes. Not thread-safe: whoever owns it holds a lock."""

    def __init__(
        self, serializer: SerializerName, kind: Any, max_message: int, types: Iterable[Codec[Any]] = ()
    ) -> None:
        known = KnownTypes(types)
        if serializer in ("json", "msgpack"):
            check_can_be_sent(kind, known, "a MessageSocket", "kind")
        self.serializer = Serializer(serializer, kind, known)
        self.mine = Greeting(
            role="messages",
            max_message=check_count(max_message, "max_message", minimum=1),
            serializer=serializer,
        )
        self.peer: Greeting | None = None
        self._decoder = FrameDecoder(max_message, piece=PIECE)
        self._arrived: deque[Body] = deque()

    def encode(self, message: object) -> bytes:
        """Return the frame. Raises UnsuitableMessage, or TooLongToSend for more than the peer takes."""
        least = check_size(message, sys.maxsize if self.peer is None else self.peer.max_message)
        body = self.serializer.encode(message, is_large=least >= LARGE)
        if self.peer is not None and len(body) > self.peer.max_message:
            raise TooLongToSend(len(body), self.peer.max_message)
        return encode_frame(_MESSAGE, 0, body)

    def feed(self, data: bytes) -> None:
        """Take in a piece of what has arrived. Raises PeerBrokeProtocol, after which nothing may be fed any more."""
        for kind, number, body in self._decoder.feed(data):
            if self.peer is None:
                self.peer = decode_greeting(body, self.mine)
            elif kind == _MESSAGE and not number:
                self._arrived.append(body)
            else:
                raise PeerBrokeProtocol(f"the peer sent a frame of kind {kind} where messages are exchanged")

    def take_greeting(self, received: ByteBuffer) -> Greeting | None:
        """Return what the peer said first, once it has arrived."""
        while self.peer is None and self._take_in(received):
            pass
        return self.peer

    def take_body(self, received: ByteBuffer) -> Body | None:
        """Return the body of the next message, once it has arrived. Raises EndOfStream, PeerBrokeProtocol."""
        while not self._arrived and self._take_in(received):
            pass
        return self._arrived.popleft() if self._arrived else None

    def _take_in(self, received: ByteBuffer) -> bool:
        """Take in some of what has arrived; return whether there is more of it."""
        if self._decoder.has_more:
            self.feed(b"")
        elif data := received.take_available(max(_CHUNK, self._decoder.wanted)):
            self.feed(data)
        elif received.has_ended:
            self._decoder.check_end()
            raise EndOfStream("a message", 0)
        return self._decoder.has_more or len(received) > 0
