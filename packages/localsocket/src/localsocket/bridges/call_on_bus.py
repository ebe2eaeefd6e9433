"""One call of a client on its way over the bus: how to send it again, and what has been answered so far."""

from __future__ import annotations

from dataclasses import dataclass

from localsocket.bridges.bus_messages import WORD, BusMessage, timed
from localsocket.wire.frames import Kind, encode_frame


@dataclass(slots=True)
class CallOnBus:
    """`request` is sent again where nobody was there, until it is known that somebody was; `heard` when that was."""

    method: str
    request: BusMessage | None
    expires: float | None
    heard: float
    searching_until: float | None = None
    instance: str = ""
    items: int = 0
    is_stream: bool = False
    is_over: bool = False
    is_lost: bool = False  # with the last instance there was
    attempts: int = 1
    rounds: int = 0  # of asking, without an answer
    is_following: bool = False
    begins: bool = False  # in its time, and may go on for longer

    @property
    def is_undecided(self) -> bool:
        """Whether it is not known that an instance has had it."""
        return not (self.is_following or self.instance or self.is_lost)

    def left(self, now: float) -> float | None:
        """Return for how many seconds it is wanted."""
        return None if self.expires is None else max(0.0, self.expires - now)

    def renewed(self, now: float) -> BusMessage:
        """Return the request as it is to be sent now."""
        request = self.request
        assert request is not None
        if self.is_following:
            return request
        word = timed("call", now, self.left(now), begins=self.begins)
        return request._replace(headers={**(request.headers or {}), WORD: word})

    def take(self, number: int, word: str, count: int, message: BusMessage) -> bytes | None:
        """Return the frame for an answer, which ends the call or not; None for one that does not fit.

        Raises LookupError when items of a stream are missing.
        """
        if word == "failure":
            self.is_over = True
            return encode_frame(Kind.FAILURE, number, message.payload)
        if not self.is_stream:
            if word == "stream":
                self.is_stream, self.instance, self.request = True, message.reply, None
                return encode_frame(Kind.STREAM, number, b"")
            self.is_over = word == ""
            return encode_frame(Kind.REPLY, number, message.payload) if self.is_over else None
        if word == "item" and count <= self.items:
            return None  # it came twice
        if word not in ("item", "end"):
            return None
        if count != self.items + (word == "item"):
            raise LookupError
        if word == "end":
            self.is_over = True
            return encode_frame(Kind.END, number, b"")
        self.items = count
        return encode_frame(Kind.ITEM, number, message.payload)
