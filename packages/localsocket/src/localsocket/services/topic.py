"""Topics: what is published goes to every subscriber, and who reads too slowly costs only itself."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from localsocket.deadlines import Deadline, check_count
from localsocket.errors import Busy, SubscriberTooSlow
from localsocket.interrupts import tell_all
from localsocket.services.description import TopicDescription
from localsocket.services.method import type_text
from localsocket.services.schema import Result

if TYPE_CHECKING:
    from localsocket.services.stream_reply import StreamReply

Policy: TypeAlias = Literal["block", "drop_oldest", "disconnect"]
"""What happens to a subscriber for whom as many messages wait as may: who publishes waits for it, its oldest message
is dropped, or its subscription ends with SubscriberTooSlow."""

QUEUE = 1000


class Topic:
    """A named topic of a service, made by Service.topic(). Any thread may publish."""

    def __init__(self, name: str, kind: Any, queue: int, policy: Policy, documentation: str) -> None:
        if policy not in get_args(Policy):
            raise ValueError(f"policy must be one of {', '.join(get_args(Policy))}, got {policy!r}")
        self.name = name
        self.queue = check_count(queue, "queue", minimum=1)
        self.policy: Policy = policy
        self.documentation = documentation
        self._result = Result(name, kind)
        self._changed = threading.Condition()
        self._subscriptions: dict[Subscription, StreamReply] = {}
        self._told_of_room: list[Callable[[], object]] = []

    @property
    def subscribers(self) -> int:
        return len(self._subscriptions)

    @property
    def items_queued(self) -> int:
        """How many messages wait in the queues of all subscribers."""
        with self._changed:
            return sum(len(subscription) for subscription in self._subscriptions)

    def publish(self, value: object, *, timeout: float | None = None) -> int:
        """Send `value` to everyone who is subscribed now; return how many that are.

        Waits only with the policy "block", until the slowest has room; on DeadlinePassed nobody got it. Raises
        BadResult for a value of another type than the topic's. In a task, use aio.publish() for that policy.
        """
        body = self._result.write(value)
        deadline = Deadline(timeout)
        with self._changed:
            while not self._has_room():
                if deadline.has_passed():
                    raise deadline.error(f"publishing on {self.name!r}")
                self._changed.wait(deadline.remaining())
            replies = self._queue(body)
        tell_all([reply.wake for reply in replies])
        return len(replies)

    def publish_nowait(self, value: object) -> int:
        """Send `value` as publish() does; Busy, and nobody got it, when that would have to wait."""
        body = self._result.write(value)
        with self._changed:
            if not self._has_room():
                raise Busy(f"a subscriber of {self.name!r} has no room for another message; publish() waits for it")
            replies = self._queue(body)
        tell_all([reply.wake for reply in replies])
        return len(replies)

    def describe(self) -> TopicDescription:
        return TopicDescription(
            self.name, type_text(self._result.kind), self.queue, self.policy, documentation=self.documentation
        )

    # --- for the service ----------------------------------------------------------------------------------------------

    def _subscribe(self) -> Subscription:
        """Return what gives the messages that are published once it has been attached to a reply."""
        return Subscription(self)

    def _add(self, subscription: Subscription, reply: StreamReply) -> None:
        with self._changed:
            self._subscriptions[subscription] = reply

    def _remove(self, subscription: Subscription) -> None:
        with self._changed:
            self._subscriptions.pop(subscription, None)
        self._made_room()

    def _made_room(self) -> None:
        if self.policy == "block":
            with self._changed:
                self._changed.notify_all()
                tell = list(self._told_of_room)
            tell_all(tell)

    @contextlib.contextmanager
    def _telling_of_room(self, callback: Callable[[], object]) -> Iterator[None]:
        """Have `callback` called, from any thread, whenever a subscriber has room for one more message."""
        with self._changed:
            self._told_of_room.append(callback)
        try:
            yield
        finally:
            with self._changed:
                self._told_of_room.remove(callback)

    # ------------------------------------------------------------------------------------------------------------------

    def _has_room(self) -> bool:
        return self.policy != "block" or all(len(each) < self.queue for each in self._subscriptions)

    def _queue(self, body: bytes) -> list[StreamReply]:
        for subscription in self._subscriptions:
            subscription.put(body)
        return list(self._subscriptions.values())


class Subscription:
    """The messages of a topic that wait for one subscriber: an endless source of a stream's items."""

    __slots__ = ("_bodies", "_is_too_slow", "_topic")

    def __init__(self, topic: Topic) -> None:
        self._topic = topic
        self._bodies: deque[bytes] = deque(maxlen=topic.queue)  # which drops the oldest
        self._is_too_slow = False

    def __len__(self) -> int:
        return len(self._bodies)

    def put(self, body: bytes) -> None:
        if self._topic.policy == "disconnect" and len(self._bodies) >= self._topic.queue:
            self._is_too_slow = True
        else:
            self._bodies.append(body)

    def attach(self, reply: StreamReply) -> None:
        self._topic._add(self, reply)

    def next_body(self) -> bytes | None:
        """Return the next message, or None when none waits now. Raises SubscriberTooSlow."""
        if self._is_too_slow:
            raise SubscriberTooSlow(self._topic.name, self._topic.queue)
        try:
            body = self._bodies.popleft()
        except IndexError:
            return None
        self._topic._made_room()
        return body

    def close(self) -> None:
        self._topic._remove(self)
