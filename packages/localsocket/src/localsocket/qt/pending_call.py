"""What a Qt program is given for a call: its signals tell what comes of it."""

from __future__ import annotations

from localsocket.qt.binding import Signal
from localsocket.qt.calls_under_way import CallOnQt, ItemsUnderWay


class PendingCall:
    """A call that was made. It goes on until it is over, even if you do not keep this object.

    `failed(error)` is emitted once if no result or no further item will come; `error` is one of those that
    localsocket.Client raises. The event loop emits all signals, never before the call that made this object has
    returned. After the last one the signals are gone, and using them raises RuntimeError. So does using this object in
    another thread; but you may connect its signals to objects that live in any thread.
    """

    def __init__(self, under_way: CallOnQt) -> None:
        self._under_way = under_way

    @property
    def failed(self) -> Signal:
        return self._under_way.signal("failed")

    @property
    def is_over(self) -> bool:
        """Whether the call has ended, successfully or not; its last signal may not have been emitted yet."""
        return self._under_way.is_over

    def cancel(self) -> None:
        """Cancel the call, here and in the service; emits `failed` with CallCancelled unless the call is over."""
        self._under_way.cancel()


class Reply(PendingCall):
    """A call with one result: emits `finished(result)`, or `failed(error)`."""

    @property
    def finished(self) -> Signal:
        return self._under_way.signal("finished")


class Stream(PendingCall):
    """The items of a method that streams: emits `begun()`, `received(item)` for each, `ended()` or `failed(error)`.

    An item is emitted only after the slots of the one before have returned, and the service sends at most
    CallLimits.stream ahead: a slow program holds up the service instead of filling its own memory.
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
        """Emit no items until resume(); the service makes no more than it may send ahead."""
        self._under_way.pause()

    def resume(self) -> None:
        """Go on emitting items."""
        self._under_way.resume()

    def close(self) -> None:
        """Stop receiving, and cancel the stream in the service, without another signal. Closing again has no effect."""
        self._under_way.close()
