"""What a client asks of the stream that a call may give, and how that travels with the call."""

from __future__ import annotations

import msgspec

from localsocket.errors import PeerBrokeProtocol
from localsocket.showing import shown

STREAM_TERMS = "stream-terms"
"""The capability of a service that keeps to such terms. Another one would not see that there are any."""

_PREFETCH = "localsocket.prefetch"
# More digits are no window in practice, and none that is worth reading.
_DIGITS = 18
_TIMEOUT = "localsocket.timeout"
_BEGIN = "begin"


class StreamTerms(msgspec.Struct, frozen=True):
    """`prefetch` is how many items the reader may hold at once; None counts bytes alone.

    With `begins_in_time` the seconds of the call are over when its stream has begun; else they are for all of it.
    `is_asked_for` tells that the call is made for a stream, which is nothing that a service of our own has to be told.
    """

    prefetch: int | None = None
    begins_in_time: bool = False
    is_asked_for: bool = False

    def add_to(self, carrier: dict[str, str] | None) -> dict[str, str]:
        """Return what travels with the call: these terms, and what a tracer sends along."""
        carrier = dict(carrier or {})
        if self.prefetch is not None:
            carrier[_PREFETCH] = str(min(self.prefetch, 10**_DIGITS - 1))
        if self.begins_in_time:
            carrier[_TIMEOUT] = _BEGIN
        return carrier


NO_TERMS = StreamTerms()
BEGINS_IN_TIME = StreamTerms(begins_in_time=True)


def take_terms(carrier: dict[str, str]) -> StreamTerms:
    """Take the terms out of what came with a call, so that the tracer's part is left. Raises PeerBrokeProtocol."""
    prefetch, timeout = carrier.pop(_PREFETCH, None), carrier.pop(_TIMEOUT, None)
    if prefetch is None:
        return BEGINS_IN_TIME if timeout == _BEGIN else NO_TERMS
    if not (prefetch.isascii() and prefetch.isdigit() and len(prefetch) <= _DIGITS and int(prefetch) > 0):
        raise PeerBrokeProtocol(f"the peer asked for a window of {shown(prefetch)} items")
    return StreamTerms(int(prefetch), timeout == _BEGIN)
