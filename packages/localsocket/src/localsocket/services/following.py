"""How far a subscription has come: which messages it has, which are missing, and whether it goes on after a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from localsocket.errors import BadResult, ClosedByPeer, ClosedByUs
from localsocket.late_logging import late_logger
from localsocket.log_thinning import ThinnedLog
from localsocket.services.client_core import ClientCore
from localsocket.services.gap import Gap, OnGap
from localsocket.services.method import SUBSCRIBE, SUBSCRIBE_NUMBERED
from localsocket.services.schema import Result
from localsocket.wire.caller import OpenCall
from localsocket.wire.frames import Body
from localsocket.wire.numbered_items import decode_beginning, decode_numbered
from localsocket.wire.serializers import UNREADABLE

T = TypeVar("T")


class Following:
    """What a subscription on any API knows. Nothing here waits.

    An API subscribes by `method`, says has_begun() when the service has answered, and gives take_in() each item. Before
    it asks for another it tells what tell_gap() has to tell, and gives away take_message(), where there is one.
    """

    def __init__(self, topic: str, kind: Any, core: ClientCore, *, resumes: bool, on_gap: OnGap | None) -> None:
        if on_gap is not None and not callable(on_gap):
            raise TypeError(f"on_gap must be a function that takes a Gap, not {type(on_gap).__name__}")
        if resumes and not core.reconnects:
            raise ValueError("resume=True is for a client that reconnects: make it with Client(..., reconnect=True)")
        self.topic = topic
        self.method = SUBSCRIBE_NUMBERED
        self.lost = 0
        self._address = core.address
        self._resumes = resumes
        self.on_gap = on_gap
        self._result = Result(topic, kind, core.known, of_topic=True)
        self._log = ThinnedLog(late_logger("localsocket.services"), burst=1)
        self._call: OpenCall | None = None  # which gives the messages
        self._is_first = True
        self.is_at_beginning = False  # where the next item tells how the numbers go on
        self._life: bytes | None = None  # of the numbers, where there are any
        self._last = 0
        self._gap: Gap | None = None
        self._message: Body | None = None

    def has_begun(self, call: OpenCall) -> None:
        """From now on the messages are those of `call`; saying so again is fine."""
        if call is self._call:
            return
        self._is_first = self._call is None
        self.is_at_beginning = call.method == SUBSCRIBE_NUMBERED
        if not self.is_at_beginning:
            self._life = None
            self._note_unknown()
        self._call = call  # last: what is cut off before is done again

    def begins_again(self, call: OpenCall) -> bool:
        """Whether `call`, which is over, is to be followed by another, by `method`; else that is the end."""
        if call.method == SUBSCRIBE_NUMBERED and call.failure is not None and call.failure.code == "no-such-method":
            self.method = SUBSCRIBE  # which services had first
            return True
        is_lost = call.failure is not None and call.failure.code == "lost"  # what was followed, not the connection
        if self._resumes and (is_lost or isinstance(call.error, (ClosedByPeer, ClosedByUs))):
            self.method = SUBSCRIBE_NUMBERED
            return True
        return False

    def take_in(self, body: Body) -> None:
        """Take an item of the call that has begun. Raises BadResult for one that is not what it should be."""
        if self.is_at_beginning:
            beginning = self._read(decode_beginning, body)
            self._begin(beginning.last, beginning.life)
            self.is_at_beginning = False
        elif self._life is None:
            self._message = body
        else:
            number, message = self._read(decode_numbered, body)
            if number <= self._last:
                raise BadResult(self.topic, "the number", f"{number} after {self._last}")
            self._note_missing(number - self._last - 1)
            self._last = number
            self._message = message

    @property
    def has_message(self) -> bool:
        return self._message is not None

    def take_message(self) -> Any:
        """Return the message that was taken in. Raises BadResult where it is of another type."""
        body, self._message = self._message, None
        assert body is not None
        return self._result.read(body)

    def tell_gap(self) -> object:
        """Tell what is missing, if that is not told yet; return what `on_gap` gives, which may be to be awaited."""
        gap, self._gap = self._gap, None
        if gap is None:
            return None
        if self.on_gap is not None:
            return self.on_gap(gap)
        from logging import WARNING  # loaded for what is lost alone

        if gap.missing is None:
            message = "resumed the subscription to %r at %r: it is not known how many messages are missing"
            self._log.log(WARNING, 0, message, self.topic, self._address)
        else:
            message = "the subscription to %r at %r has missed %d messages (%d so far)"
            self._log.log(WARNING, 0, message, self.topic, self._address, gap.missing, self.lost)
        return None

    # ------------------------------------------------------------------------------------------------------------------

    def _begin(self, last: int, life: bytes) -> None:
        if life == self._life:
            self._note_missing(last - self._last)
            self._last = max(last, self._last)
        else:
            self._note_unknown()
            self._last, self._life = last, life

    def _note_unknown(self) -> None:
        if not self._is_first:
            self._gap = Gap(self.topic, None)

    def _note_missing(self, count: int) -> None:
        if count > 0:
            self.lost += count
            self._gap = Gap(self.topic, count)

    def _read(self, decode: Callable[[Body], T], body: Body) -> T:
        try:
            return decode(body)
        except UNREADABLE as error:
            raise BadResult(self.topic, "the number", str(error)) from None
