"""The messages of a topic, for threads: taken up again, where that is wanted, after the connection was lost."""

from __future__ import annotations

import inspect
from typing import Protocol

from localsocket.blocking.pending_call import PendingCall, Stream, T_co
from localsocket.deadlines import Deadline
from localsocket.errors import BadResult, CallCancelled, DeadlinePassed, LocalSocketError
from localsocket.services.following import Following
from localsocket.services.item_times import ItemTimes
from localsocket.services.schema import ANYTHING


class Subscribes(Protocol):
    """What a subscription asks of its client."""

    def _open_subscription(self, method: str, topic: str, deadline: Deadline) -> PendingCall:
        """Send the call, on a connection that is made anew where the one before was lost."""


class Subscription(Stream[T_co]):
    """The messages of a topic, as they arrive: a Stream without an end, which notices when messages are missing."""

    def __init__(self, client: Subscribes, following: Following, times: ItemTimes, pending: PendingCall) -> None:
        super().__init__(pending, times)
        self._client = client
        self._following = following
        self._is_closed = False
        self._lost: PendingCall | None = None  # after which another is to be made

    @classmethod
    def _begin(
        cls, client: Subscribes, following: Following, times: ItemTimes, deadline: Deadline
    ) -> Subscription[T_co]:
        """Subscribe, and wait until the service has answered."""
        if inspect.iscoroutinefunction(following.on_gap):
            raise TypeError("on_gap must be a plain function here: nothing would await a coroutine function")
        pending: PendingCall | None = None
        subscription: Subscription[T_co] | None = None
        try:
            pending = client._open_subscription(following.method, following.topic, deadline)
            subscription = cls(client, following, times, pending)
            subscription._begun(deadline)
            return subscription
        except BaseException:
            if subscription is not None:
                subscription.close()
            elif pending is not None:
                pending.cancel()
            raise

    @property
    def lost(self) -> int:
        """How many messages are known to be missing so far: dropped by the service, or sent while disconnected."""
        return self._following.lost

    def close(self) -> None:
        """Stop receiving messages. Closing again has no effect."""
        self._is_closed = True
        self._pending.cancel()

    def __repr__(self) -> str:
        return f"<Subscription to {self._following.topic!r}, {self.lost} messages lost>"

    # ------------------------------------------------------------------------------------------------------------------

    def _next(self, timeout: float | None) -> T_co:
        following, times = self._following, self._times
        times.ask(timeout)
        while True:
            pending = self._begun_in_time()
            following.tell_gap()
            if following.has_message:
                times.taken()
                message: T_co = following.take_message()
                return message
            try:
                self._take_in_next(pending)
            except BadResult:
                raise
            except LocalSocketError:
                if not self._goes_on_after(pending):
                    raise

    def _take_in_next(self, pending: PendingCall) -> None:
        """Take in an item. The first tells where the numbers stand: where taking that is cut off, it is asked anew."""
        try:
            self._following.take_in(pending._next_body(self._times))
        except LocalSocketError:
            raise
        except BaseException:
            if self._following.is_at_beginning:
                self._lost = pending
                pending.cancel()
            raise

    def _begun_in_time(self) -> PendingCall:
        try:
            return self._begun(self._times.of_asking())
        except DeadlinePassed:
            if self._times.has_been_idle():
                self.close()
            raise

    def _begun(self, deadline: Deadline) -> PendingCall:
        """Return the call that gives the messages, once the service has answered it."""
        following = self._following
        while True:
            if self._pending is self._lost:
                self._begin_again(deadline)
            pending = self._pending
            call = pending._call
            if not call.is_stream:
                pending._wait(deadline)
            if call.is_stream:
                following.has_begun(call)
                return pending
            if not self._goes_on_after(pending):
                pending._connection.core.result_of(call, ANYTHING)
                raise BadResult(following.topic, "the result", "it is not a stream")

    def _goes_on_after(self, pending: PendingCall) -> bool:
        """Whether another call takes the place of this one, which gives no more."""
        if not self._following.begins_again(pending._call):
            return False
        self._lost = pending
        return True

    def _begin_again(self, deadline: Deadline) -> None:
        if not self._is_closed:
            self._pending = self._client._open_subscription(self._following.method, self._following.topic, deadline)
        if self._is_closed:  # by another thread, meanwhile
            self._pending.cancel()
            raise CallCancelled(self._following.method)
