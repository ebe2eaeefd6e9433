"""One connection of a client on any API: its conversation, and how that ends. Nothing here waits."""

from __future__ import annotations

import abc
from collections.abc import Callable
from functools import partial

from localsocket.errors import CallCancelled, ClosedByUs, LocalSocketError, PeerBrokeProtocol
from localsocket.interrupts import in_any_case
from localsocket.late_logging import late_logger
from localsocket.services.client_core import ClientCore, lost_in_call
from localsocket.services.descriptors_of_calls import read_result
from localsocket.wire.caller import Caller, OpenCall
from localsocket.wire.frames import Body
from localsocket.wire.greeting import Greeting, carry_descriptors
from localsocket.wire.laden_frames import ArrivedDescriptors

logger = late_logger("localsocket.services")


class AnyClientConnection(abc.ABC):
    """A connection that begins with the greeting, and ends with `error`, which says why.

    `to_repeat` are the calls that were under way then and are to be made again on the next connection. Where threads
    share it, the lock of its socket is held whenever a method with an underscore, or give_up(), is called.
    """

    def __init__(self, core: ClientCore, caller: Caller | None = None) -> None:
        self.core = core
        self.caller = caller or core.new_caller()
        self.error: LocalSocketError | None = None
        self._is_ended = False
        self.to_repeat: list[OpenCall] = []
        self.has_notified = False  # and nobody waits to be told what came of that
        self._was_in_use = False  # when it ended; else what is lost then is not missed: credit for what has come

    def _carry_descriptors(self, begin: Callable[[int], ArrivedDescriptors | None]) -> None:
        """Once the peer has greeted, have descriptors come by `begin`, if both sides carry them."""
        if self.core.carries_descriptors:
            self.caller.on_greeted = partial(self._agree_on_descriptors, begin)

    def _agree_on_descriptors(self, begin: Callable[[int], ArrivedDescriptors | None], peer: Greeting) -> None:
        self.caller.on_greeted = None
        mine = self.caller.mine
        if carry_descriptors(mine, peer) and (arrivals := begin(mine.most_descriptors)) is not None:
            self.caller.carry(arrivals)
            self.core.read = read_result

    def __repr__(self) -> str:
        return f"{self.caller.open_calls} calls under way" if self.error is None else f"lost: {self.error}"

    @abc.abstractmethod
    def abort(self) -> None:
        """Close at once, without a word to anybody: for a client that was forgotten."""

    def give_up(self, call: OpenCall, began: int, send: Callable[[bytes], object]) -> bool:
        """End a call that nobody wants any more, and `send` that to the peer; False for one that is over already.

        It was begun at `began`, 0 when its end has been noted. Interrupted, this does no harm when it is done again.
        """
        frame = self.caller.cancelling(call)
        if not self.caller.is_open(call) and (call.is_over or call not in self.to_repeat):
            return False
        if began and not call.is_stream:
            self.core.note_end(began, is_error=True)
        call.error = CallCancelled(call.method)
        call.is_over = True
        self._wake_waiters(call)
        if frame:
            send(frame)
        self.caller.forget(call)
        if self.caller.is_spoiled:
            self._end(ClosedByUs("the connection, on which a call was given up,"))
        self._look_for_room()
        return True

    def _note_greeted(self) -> None:
        """Count the connection, now that both sides have greeted; or raise why they have not."""
        if self.error is not None:
            raise self.error
        self.core.tally.connections += 1

    def _reopen(self, calls: list[OpenCall]) -> bytes:
        """Take over the calls that were under way on a connection that was lost; return what is to be sent for them."""
        calls = [call for call in calls if not call.is_over]
        for call in calls:
            if call.prefetch is not None and not self.caller.knows_terms:  # as the service before did
                call.error = self.caller.no_prefetch(call.method)
                call.is_over = True
                self._wake_waiters(call)
            call.holder = self
            call.attempts += 1
        return self.caller.reopen([call for call in calls if not call.is_over])

    def _go_on_with(self, call: OpenCall, lost: LocalSocketError) -> None:
        """Have a call end with the connection that was lost, unless it was made again here.

        In a forked child nobody has ended it: the connection stays with the parent, and so does the call.
        """
        if not (call.is_over or self.caller.is_open(call) or call in self.to_repeat):
            call.error = lost_in_call(call, lost)
            call.is_over = True

    # --- what the socket calls ----------------------------------------------------------------------------------------

    def _take_in(self, data: bytes) -> None:
        self.core.tally.bytes_received += len(data)
        try:
            news = self.caller.feed(data)
        except PeerBrokeProtocol as error:
            self._end(error)
            return
        if (bodies := self.caller.bodies) is not None and bodies.output:
            self._send_soon(bodies.take_output())
        self._tell_waiters(news)

    def _take_frame(self, kind: int, number: int, body: Body, size: int) -> None:
        """Take in a frame where a session reads what arrives. Raises PeerBrokeProtocol."""
        self.core.tally.bytes_received += size
        self._tell_waiters(self.caller.take([(kind, number, body)]))

    def _tell_waiters(self, news: list[OpenCall]) -> None:
        for call in news:
            if call.waiter:
                self._wake_waiters(call)
        news.clear()  # of the caller too, which would keep results that nobody takes until something else comes
        self._has_news()

    def _end(self, error: LocalSocketError) -> None:
        """The connection is over, and so is each of its calls that is not made again."""
        if not self._is_ended:
            in_any_case(partial(self._end_all, error))

    def _end_all(self, error: LocalSocketError) -> None:
        if self.error is None:
            self.error = error
        self._was_in_use = self._was_in_use or self.has_notified or self.caller.open_calls > 0
        for call in self.caller.calls:
            if self.core.may_repeat(self.caller, call) and not isinstance(self.error, ClosedByUs):
                if call not in self.to_repeat:
                    self.to_repeat.append(call)
            else:
                call.error = lost_in_call(call, self.error)
                call.is_over = True  # last: who waits looks without the lock
            self._wake_waiters(call)
        for call in self.caller.news:  # if an interrupt has kept them from being told
            self._wake_waiters(call)
        self._has_ended()
        self.caller.abandon()
        if self.caller.memories is not None and self.caller.bodies is not None:
            self.caller.bodies.close()
        self._is_ended = True

    def _log_loss(self, unsent: int) -> None:
        """Say so where bytes are lost that nobody waits for, as those of notifications."""
        if unsent and self.has_notified:
            logger.warning("the client of %r lost its connection with %d bytes unsent", self.core.address, unsent)

    # --- for an API to fill in ----------------------------------------------------------------------------------------

    @staticmethod
    @abc.abstractmethod
    def _wake_waiters(call: OpenCall) -> None:
        """Have those who wait for the call look again."""

    @abc.abstractmethod
    def _send_soon(self, data: bytes) -> None:
        """Send what nobody waits for, from where bytes are taken in; that the connection is lost is told elsewhere."""

    @abc.abstractmethod
    def _look_for_room(self) -> None:
        """Have those who wait for room for one more call look, if there is some."""

    @abc.abstractmethod
    def _has_news(self) -> None:
        """Something was taken in: the greeting may be there, or room for more calls."""

    @abc.abstractmethod
    def _has_ended(self) -> None:
        """`error` is there: wake everybody else who waits, and close the socket."""
