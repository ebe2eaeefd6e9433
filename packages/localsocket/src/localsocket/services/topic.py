"""Topics: what is published goes to every subscriber, and who reads too slowly costs only itself."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, get_args

from localsocket.deadlines import Deadline, check_count
from localsocket.errors import Busy, SubscriberTooSlow
from localsocket.interrupts import part_of, tell_all
from localsocket.services.schema import Result
from localsocket.services.stream_reply import PushedSource
from localsocket.values.gathering import Written, kept, whole
from localsocket.values.known_types import PLAIN, KnownTypes
from localsocket.wire.numbered_items import encode_beginning, encode_numbered

if TYPE_CHECKING:
    from localsocket.services.stream_reply import StreamReply

Policy: TypeAlias = Literal["block", "drop_oldest", "disconnect"]
"""What happens to a subscriber for whom as many messages wait as may: who publishes waits for it, its oldest message
is dropped, or its subscription ends with SubscriberTooSlow."""

QUEUE = 1000

_RANDOM = 8  # bytes

T = TypeVar("T")


class Topic(Generic[T]):
    """A named topic of a service, made by Service.topic(). Any thread may publish."""

    def __init__(
        self, name: str, kind: Any, queue: int, policy: Policy, documentation: str, known: KnownTypes = PLAIN
    ) -> None:
        if policy not in get_args(Policy):
            raise ValueError(f"policy must be one of {', '.join(get_args(Policy))}, got {policy!r}")
        self.name = name
        self.queue = check_count(queue, "queue", minimum=1)
        self.policy: Policy = policy
        self.documentation = documentation
        self._result = Result(name, kind, known, of_topic=True)
        # Taken as itself: that of a condition is taken by a function, between whose lines an interrupt may come.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._published = 0  # the number of the last message
        self._dropped = 0  # for subscribers that are gone
        self._random = os.urandom(_RANDOM)
        self._subscriptions: dict[SubscriberQueue, StreamReply] = {}
        self._told_of_room: list[Callable[[], object]] = []
        self._has_uncounted = False

    @property
    def kind(self) -> Any:
        """The type of its messages."""
        return self._result.kind

    @property
    def subscribers(self) -> int:
        return sum(each.is_counted for each in list(self._subscriptions))

    @property
    def items_queued(self) -> int:
        """How many messages wait in the queues of all subscribers."""
        with self._lock:
            return sum(len(subscription) for subscription in self._subscriptions)

    @property
    def items_dropped(self) -> int:
        """How many messages have been dropped so far, counted for each subscriber that read too slowly."""
        with self._lock:
            return self._dropped + sum(subscription.dropped for subscription in self._subscriptions)

    def publish(self, value: T, *, timeout: float | None = None) -> int:
        """Send `value` to every current subscriber; return how many there are.

        Waits only with the policy "block", until the slowest subscriber has room; on DeadlinePassed the message went to
        nobody. Raises BadResult if `value` is not of the topic's type. In a task, use aio.publish() for that policy.
        """
        return self._publish(kept(self._result.write(value)), partial(self._wait_for_room, Deadline(timeout)))

    def publish_nowait(self, value: T) -> int:
        """Send `value` as publish() does; if that would have to wait, raise Busy and send it to nobody."""
        return self._publish(kept(self._result.write(value)), self._check_room)

    # --- for the service ----------------------------------------------------------------------------------------------

    def _subscribe(self, *, is_numbered: bool) -> SubscriberQueue:
        """Return what gives the messages that are published once it has been attached to a reply."""
        return SubscriberQueue(self, is_numbered=is_numbered)

    def _add(self, subscription: SubscriberQueue, reply: StreamReply) -> None:
        with self._lock:
            self._subscriptions[subscription] = reply
            self._has_uncounted = self._has_uncounted or not subscription.is_counted
            subscription.begin(self._published, self._life)

    def _remove(self, subscription: SubscriberQueue) -> None:
        with self._lock:
            if self._subscriptions.pop(subscription, None) is not None:
                self._dropped += subscription.dropped
        self._made_room()

    def _made_room(self) -> None:
        if self.policy == "block":
            with self._lock:
                self._changed.notify_all()
                tell = list(self._told_of_room)
            tell_all(tell)

    @contextlib.contextmanager
    def _telling_of_room(self, callback: Callable[[], object]) -> Iterator[None]:
        """Have `callback` called, from any thread, whenever a subscriber has room for one more message."""
        with self._lock:
            self._told_of_room.append(callback)
        try:
            yield
        finally:
            with self._lock:
                self._told_of_room.remove(callback)

    # ------------------------------------------------------------------------------------------------------------------

    @property
    def _life(self) -> bytes:
        """Whose numbers these are: a forked child begins with those of its parent, and counts by itself."""
        return self._random + os.getpid().to_bytes(4)

    def _publish(self, body: Written, make_sure_of_room: Callable[[], object]) -> int:
        replies: list[StreamReply] = []
        try:
            with self._lock:
                make_sure_of_room()
                replies = list(self._subscriptions.values())
                self._queue(body)
            tell_all([reply.wake for reply in replies])
        except BaseException:  # of a signal's handler: some have got it, and do not know
            tell_all([reply.wake for reply in replies])
            raise
        return self.subscribers if self._has_uncounted else len(replies)

    def _wait_for_room(self, deadline: Deadline) -> None:
        while not self._has_room():
            if deadline.has_passed():
                raise deadline.error(f"publishing on {self.name!r}")
            self._changed.wait(part_of(deadline.remaining()))

    def _check_room(self) -> None:
        if not self._has_room():
            raise Busy(f"a subscriber of {self.name!r} has no room for another message; publish() waits for it")

    def _has_room(self) -> bool:
        return self.policy != "block" or all(len(each) < self.queue for each in self._subscriptions)

    def _queue(self, body: Written) -> None:
        self._published += 1
        numbered: Written = b""
        for subscription in self._subscriptions:
            if subscription.is_numbered and not numbered:
                numbered = encode_numbered(self._published, body)
            subscription.put(numbered if subscription.is_numbered else body)


class SubscriberQueue(PushedSource):
    """The messages of a topic that wait for one subscriber: an endless source of a stream's items.

    `dropped` counts those that its policy has dropped, which the subscriber can tell by the numbers. One that is not
    counted passes the messages on, to nobody knows how many: it drops the oldest where the policy is to disconnect, and
    each of them learns from the numbers that it has not got all.
    """

    __slots__ = ("_beginning", "_bodies", "_is_json", "_is_too_slow", "_topic", "dropped", "is_counted", "is_numbered")

    def __init__(self, topic: Topic[Any], *, is_numbered: bool, is_counted: bool = True) -> None:
        self.is_numbered = is_numbered
        self.is_counted = is_counted
        self.dropped = 0
        self._topic = topic
        self._beginning: bytes | None = None  # which is no message, and waits in no queue
        self._bodies: deque[Written] = deque()
        self._is_too_slow = False
        self._is_json = False

    def __len__(self) -> int:
        return len(self._bodies)

    def begin(self, last: int, life: bytes) -> None:
        """From now on it is given each message, that after number `last` being the first."""
        if self.is_numbered:
            self._beginning = encode_beginning(last, life)

    def put(self, body: Written) -> None:
        if len(self._bodies) >= self._topic.queue:
            if self._topic.policy == "disconnect" and self.is_counted:
                self._is_too_slow = True
                return
            with contextlib.suppress(IndexError):  # whoever sends has taken all meanwhile
                self._bodies.popleft()
                self.dropped += 1
        self._bodies.append(body)

    def attach(self, reply: StreamReply) -> None:
        self._is_json = reply.is_json
        self._topic._add(self, reply)

    def next_body(self) -> Written | None:
        """Return the next message, as the door wants it; None when none waits now. Raises SubscriberTooSlow."""
        if self._is_too_slow:
            raise SubscriberTooSlow(self._topic.name, self._topic.queue)
        if (beginning := self._beginning) is not None:
            self._beginning = None
            return beginning
        try:
            body = self._bodies.popleft()
        except IndexError:
            return None
        self._topic._made_room()
        return self._topic._result.json_of(whole(body)) if self._is_json else body

    def close(self) -> None:
        self._topic._remove(self)
