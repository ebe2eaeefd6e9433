"""The messages of a topic, for Qt programs."""

from __future__ import annotations

from localsocket.qt.binding import Signal
from localsocket.qt.calls_under_way import MessagesUnderWay
from localsocket.qt.pending_call import Stream


class Subscription(Stream):
    """The messages of a topic: a Stream that does not end by itself.

    After `begun()` you miss nothing that is published except what the topic's policy drops; `gap(Gap)` reports that,
    before the next message. With `resume` it continues after a lost connection, and `begun()` is emitted once only.
    """

    _under_way: MessagesUnderWay

    @property
    def gap(self) -> Signal:
        return self._under_way.signal("gap")

    @property
    def lost(self) -> int:
        """How many messages are known to be missing so far."""
        return self._under_way.following.lost
