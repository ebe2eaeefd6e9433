"""Callers on the bus, as one instance of a service sees them: their messages become frames, and frames answers.

Nothing here waits. The service behind it is spoken to in the protocol of its own clients, so that its limits, its
deadlines and its errors are the same for callers from everywhere. What is to be done gathers in `to_bus` and
`to_service`.
"""

from __future__ import annotations

import sys
import time

import msgspec

from localsocket.bridges.bus_messages import (
    CONTENT_TYPE,
    ERROR,
    ERROR_CODE,
    LIFE,
    NUMBER,
    OF,
    PREFETCH,
    SIGNATURE,
    SIGNER,
    STATUS,
    TIMEOUT,
    WORD,
    BusAction,
    whole_number,
)
from localsocket.errors import PeerBrokeProtocol
from localsocket.wire.call_bodies import Failure, decode_failure
from localsocket.wire.frames import Body, FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import Greeting
from localsocket.wire.stream_terms import StreamTerms

# What a tracer sends along is short, and there are few of it.
_MOST_CARRIED, _LONGEST_CARRIED = 8, 1024
_LONGEST_ERROR = 256  # characters
_OURS = {WORD, TIMEOUT, PREFETCH, OF, NUMBER, LIFE, SIGNER, SIGNATURE, CONTENT_TYPE, STATUS}

# IntEnum members cost a look-up each time they are named.
_GREETING, _REPLY, _FAILURE, _END = map(int, (Kind.GREETING, Kind.REPLY, Kind.FAILURE, Kind.END))
_ENDS = {_REPLY, _FAILURE, _END}

_encode = msgspec.msgpack.Encoder().encode


class BusCallers:
    """What callers of both kinds share: frames to the service, and its answers."""

    def __init__(self, longest: int) -> None:
        self.to_bus: list[BusAction] = []
        self.to_service: list[bytes] = []
        self._longest = longest
        self._decoder = FrameDecoder(sys.maxsize)  # what comes is of our own service
        self.open: dict[int, tuple[str, float]] = {}  # what was called, and when
        self.ended: list[tuple[str, float, str]] = []  # those that have ended, and with which failure, if with one

    @property
    def unanswered(self) -> list[int]:
        """The numbers of calls that have no answer yet."""
        return list(self.open)

    def _greet(self, max_message: int, stream_window: int) -> None:
        longest = min(max_message, self._longest)
        self.to_service.append(Greeting(role="client", max_message=longest, stream_window=stream_window).encode())

    def _call(
        self,
        number: int,
        method: str,
        timeout: float | None,
        payload: bytes,
        headers: dict[str, str],
        *,
        is_note: bool,
        begins: bool = False,
    ) -> None:
        carrier = _carrier_of(headers)
        if begins or PREFETCH in headers:
            carrier = StreamTerms(_prefetch_of(headers), begins).add_to(carrier)
        # An array of five: the method, its time-out, the two of the payload as they came, and the carrier.
        body = b"".join((b"\x95", _encode(method), _encode(timeout), payload[1:], _encode(carrier)))
        if is_note:
            self.to_service.append(encode_frame(Kind.NOTIFICATION, 0, body))
            return
        self.open[number] = method, time.monotonic()
        self.to_service.append(encode_frame(Kind.CALL, number, body))

    def from_service(self, data: bytes) -> None:
        """Take in frames of the service. Raises PeerBrokeProtocol."""
        for kind, number, body in self._decoder.feed(data):
            if kind == _GREETING:
                continue
            if kind in _ENDS and (begun := self.open.pop(number, None)) is not None:
                self.ended.append((*begun, decode_failure(body).code if kind == _FAILURE else ""))
            self._answer(kind, number, body)

    def _answer(self, kind: int, number: int, body: Body) -> None:
        raise NotImplementedError


def failure_headers(failure: Failure) -> dict[str, str]:
    is_theirs = failure.code not in ("failed", "raised")
    return {
        WORD: f"failure {failure.code}",
        ERROR_CODE: "400" if is_theirs else "500",
        ERROR: " ".join(failure.message[:_LONGEST_ERROR].split()),
    }


def _carrier_of(headers: dict[str, str]) -> dict[str, str]:
    if headers.keys() <= _OURS:
        return {}
    carried = {name: value for name, value in headers.items() if name not in _OURS and not name.startswith("Nats-")}
    short = [(name, value) for name, value in carried.items() if len(name) + len(value) <= _LONGEST_CARRIED]
    return {name: value for name, value in short[:_MOST_CARRIED] if not name.startswith("localsocket.")}


def _prefetch_of(headers: dict[str, str]) -> int | None:
    if (prefetch := headers.get(PREFETCH)) is None:
        return None
    if not (count := whole_number(prefetch)):
        raise PeerBrokeProtocol("the peer asked for a window of no items")
    return count
