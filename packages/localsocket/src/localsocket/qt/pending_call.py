"""What a Qt program is given for a call: its signals tell what comes of it."""

from __future__ import annotations

from localsocket.qt.binding import Signal
from localsocket.qt.calls_under_way import CallOnQt, ItemsUnderWay


class PendingCall:
    """A call that was made. It goes on until it is over, even if nobody keeps this.

    `failed(error)` tells, once, why nothing comes, or nothing more: an exception of those that localsocket.Client
    raises. All signals come from the event loop, never before the call that made this has returned. When the last one
    has been told they are gone: RuntimeError. Nothing here is for other threads, which is a RuntimeError too, but the
    signals may be connected to objects that live in any.
    """

    def __init__(self, under_way: CallOnQt) -> None:
        self._under_way = under_way

    @property
    def failed(self) -> Signal:
        return self._under_way.signal("failed")

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or not; the signal that tells so may be still to come."""
        return self._under_way.is_over

    def cancel(self) -> None:
        """Give the call up, here and where it is served: `failed` with CallCancelled, unless it is over already."""
        self._under_way.cancel()


class Reply(PendingCall):
    """A call that gives one result: `finished(result)`, or `failed(error)`."""

    @property
    def finished(self) -> Signal:
        return self._under_way.signal("finished")


class Stream(PendingCall):
    """The items of a method that streams: `begun()`, `received(item)` for each, then `ended()` or `failed(error)`.

    The next item is told when the slots of the one before have returned, and the service sends no more ahead than
    CallLimits.stream: a program that is slow holds up the service, and not its own memory.
    """

    _under_way: ItemsUnderWay

    @property
    def begun(self) -> Signal:
        return self._under_way.signal("begun")

    @property
    def received(self) -> Signal:
        return self._under_way.signal("received")

    @property
    def ended(self) -> Signal:
        return self._under_way.signal("ended")

    def pause(self) -> None:
        """Tell no item until resume(); the service makes no more than what is sent ahead."""
        self._under_way.pause()

    def resume(self) -> None:
        """Go on telling items."""
        self._under_way.resume()

    def close(self) -> None:
        """Take no more, and end it where it is served, without another signal. Closing again is fine."""
        self._under_way.close()
