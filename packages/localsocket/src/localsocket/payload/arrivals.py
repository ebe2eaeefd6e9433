"""What comes on a connection that carries descriptors: they wait here until the header of their frame is read."""

from __future__ import annotations

import socket
from collections import deque
from typing import NamedTuple

from localsocket.errors import PeerBrokeProtocol
from localsocket.interfaces import Buffer, Laden
from localsocket.payload import passing
from localsocket.values.descriptors import DescriptorBatch


class _Arrived(NamedTuple):
    batch: DescriptorBatch
    first: int
    end: int  # they came with one of the bytes from `first` to here


class Arrivals:
    """Receives and sends for a connection, in the place of recv() and send(); not thread-safe, as reading is not.

    Bytes are counted from where it was made, and `most` descriptors may come at once. What is wrong is told by check(),
    when the bytes that came along are looked at: so all that came before is done first, and who reads is told as of
    any other fault.
    """

    def __init__(self, sock: socket.socket, most: int) -> None:
        self._sock = sock
        self._most = most
        self._received = 0
        self._waiting: deque[_Arrived] = deque()
        self._fault = ""

    def recv(self, size: int) -> bytes:
        """Receive as the socket's recv() does; what comes beside the bytes is kept."""
        came = passing.receive_all(self._sock, size, self._most)
        first, self._received = self._received, self._received + len(came.data)
        if came.is_cut:
            came.descriptors.close()
            self._fault = self._fault or passing.too_many(self._most)
        elif came.descriptors:
            self._waiting.append(_Arrived(came.descriptors, first, self._received))
        return came.data

    def send(self, data: Buffer, flags: int = 0) -> int:
        """Send as the socket's send() does; with the first byte of what is Laden go its descriptors."""
        if type(data) is not Laden:
            return self._sock.send(data, flags)
        sent = passing.send(self._sock, data, data.descriptors.numbers, flags)
        data.descriptors.close()
        return sent

    def claim(self, place: int, count: int) -> DescriptorBatch:
        """Return those that came with the byte at `place`. Raises PeerBrokeProtocol unless they are so many."""
        came = self._waiting[0] if self._waiting else None
        if came is None or not came.first <= place < came.end:
            raise PeerBrokeProtocol(f"the peer announced {count} descriptors with a frame, but sent none")
        if came.batch.count != count:
            raise PeerBrokeProtocol(f"the peer sent {came.batch.count} descriptors, but announced {count}")
        return self._waiting.popleft().batch

    def check(self, place: int) -> None:
        """Raise PeerBrokeProtocol where some came before `place`, and nobody has claimed them."""
        if self._waiting and self._waiting[0].end <= place:
            count = self._waiting[0].batch.count
            self._fault = self._fault or f"the peer sent {count} descriptors that no frame announced"
        if self._fault:
            self.close()
            raise PeerBrokeProtocol(self._fault)

    def close(self) -> None:
        """Close those that nobody has claimed."""
        while self._waiting:
            self._waiting.popleft().batch.close()
