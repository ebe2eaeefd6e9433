"""The messages of a topic, for tasks: taken up again, where that is wanted, after the connection was lost."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Protocol, Self

from localsocket.aio.pending_call import PendingCall, Stream, T_co
from localsocket.deadlines import NEVER, Deadline
from localsocket.errors import BadResult, CallCancelled, DeadlinePassed, LocalSocketError
from localsocket.services.following import Following
from localsocket.services.item_times import ItemTimes
from localsocket.services.schema import ANYTHING


class Subscribes(Protocol):
    """What a subscription asks of its client."""

    async def _open_subscription(self, method: str, topic: str, deadline: Deadline) -> PendingCall:
        """Send the call, on a connection that is made anew where the one before was lost."""


class Subscription(Stream[T_co]):
    """The messages of a topic, as they arrive: a Stream without an end, which notices when messages are missing."""

    def __init__(self, client: Subscribes, following: Following, times: ItemTimes) -> None:
        # By a method of the client, not of its own: dropped, it is to be collected at once.
        super().__init__(partial(client._open_subscription, following.method, following.topic, NEVER), ANYTHING, times)
        self._client = client
        self._following = following
        self._is_closed = False
        self._lost: PendingCall | None = None  # after which another is to be made, as after none

    @property
    def lost(self) -> int:
        """How many messages are known to be missing so far; see localsocket.Subscription."""
        return self._following.lost

    async def close(self) -> None:
        """Stop receiving messages. Closing again has no effect."""
        self._is_closed = True
        await super().close()

    def __repr__(self) -> str:
        return f"<Subscription to {self._following.topic!r}, {self.lost} messages lost>"

    # ------------------------------------------------------------------------------------------------------------------

    async def _begin(self) -> Self:
        await self._begun(NEVER)
        return self

    async def _next(self, timeout: float | None) -> T_co:
        following, times = self._following, self._times
        times.ask(timeout)
        while True:
            pending = await self._begun_in_time()
            if inspect.isawaitable(telling := following.tell_gap()):
                await telling
            if following.has_message:
                times.taken()
                message: T_co = following.take_message()
                return message
            try:
                body = await pending.next_body(times)
            except LocalSocketError:
                if not self._goes_on_after(pending):
                    raise
            else:
                if body is None:
                    raise StopAsyncIteration
                following.take_in(body)

    async def _begun_in_time(self) -> PendingCall:
        try:
            return await self._begun(self._times.of_asking())
        except DeadlinePassed:
            if self._times.has_been_idle():
                await self.close()
            raise

    async def _begun(self, deadline: Deadline) -> PendingCall:
        """Return the call that gives the messages, once the service has answered it."""
        following = self._following
        while True:
            if self._pending is self._lost:
                await self._subscribe(deadline)
            pending = await self._opened()
            call = pending.call
            if not (call.is_stream or call.is_over):
                await pending.wait(deadline)
            if call.is_stream:
                following.has_begun(call)
                return pending
            if not self._goes_on_after(pending):
                pending.raise_failure()
                raise BadResult(following.topic, "the result", "it is not a stream")

    def _goes_on_after(self, pending: PendingCall) -> bool:
        """Whether another call takes the place of this one, which gives no more."""
        if not self._following.begins_again(pending.call):
            return False
        self._lost = pending
        return True

    async def _subscribe(self, deadline: Deadline) -> None:
        following = self._following
        if not self._is_closed:
            self._pending = await self._client._open_subscription(following.method, following.topic, deadline)
        if self._is_closed:  # by another task, meanwhile
            await self.close()
            raise CallCancelled(following.method)
