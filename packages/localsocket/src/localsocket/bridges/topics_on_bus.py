"""The topics that one client follows on the bus: their messages, numbered anew over all instances that publish.

Nothing here waits. A publisher on the bus knows of no subscribers, so messages wait here for their reader.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from localsocket.bridges.bus_messages import (
    LIFE,
    NUMBER,
    BusAction,
    BusMessage,
    Listen,
    ListenNoMore,
    Subjects,
    is_token,
    whole_number,
)
from localsocket.errors import ClosedByPeer, LocalSocketError, PeerBrokeProtocol, SubscriberTooSlow
from localsocket.wire.frames import HEADER_SIZE, Kind, encode_frame
from localsocket.wire.numbered_items import encode_beginning, encode_numbered
from localsocket.wire.serializers import UNREADABLE

_MOST_EARLY = 1000
"""Messages that are kept until it is known that there is the topic; a queue that is longer loses as many at first."""
_MOST_LIVES = 1000  # of instances that publish to one topic: more are made up
_MOST_MISSED = 2**31

_decode_position = msgspec.msgpack.Decoder(tuple[int, bytes, int, str]).decode


@dataclass(slots=True)
class _Following:
    """A subscription, and its messages as far as the reader has not granted them.

    It is doubted where all instances that the client knew have gone: who publishes next may be another server.
    """

    topic: str
    subject: str
    is_numbered: bool
    queue: int = 0
    policy: str = ""
    number: int = 0
    credit: int = 0
    has_begun: bool = False
    is_doubted: bool = False
    lives: dict[str, int] = field(default_factory=dict)
    waiting: deque[bytes] = field(default_factory=deque)
    early: deque[BusMessage] = field(default_factory=lambda: deque(maxlen=_MOST_EARLY))


class TopicsOnBus:
    """By the numbers of the calls that subscribed; `do` and `give` are told what is for the bus and for the client."""

    def __init__(
        self,
        names: Subjects,
        life: bytes,
        do: Callable[[BusAction], object],
        give: Callable[[bytes], object],
        refuse: Callable[[int, LocalSocketError], object],
    ) -> None:
        self._names = names
        self._life = life  # whose numbers the reader is given
        self._do = do
        self._give = give
        self._refuse = refuse
        self._by_number: dict[int, _Following] = {}
        self._by_subject: dict[str, set[int]] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._by_number

    def begin(self, number: int, topic: str, *, is_numbered: bool) -> None:
        """Follow a topic, if it is one: that is to be asked for."""
        subject = self._names.topic(topic)
        self._by_number[number] = _Following(topic, subject, is_numbered)
        if is_token(topic):
            followers = self._by_subject.setdefault(subject, set())
            if not followers:
                self._do(Listen(subject))  # before it is asked for: nothing is missed from then on
            followers.add(number)

    def has_begun(self, number: int) -> bool:
        return self._by_number[number].has_begun

    def doubt(self) -> None:
        """No instance is known any more: what is followed goes on only with those who have published to it before."""
        for following in self._by_number.values():
            following.is_doubted = following.has_begun

    def forget(self, number: int) -> None:
        following = self._by_number.pop(number, None)
        if following is None or (followers := self._by_subject.get(following.subject)) is None:
            return
        followers.discard(number)
        if not followers:
            del self._by_subject[following.subject]
            self._do(ListenNoMore(following.subject))

    def grant(self, number: int, count: int) -> None:
        """The reader takes so many bytes more."""
        following = self._by_number[number]
        following.credit += count
        self._give_waiting(number, following)

    def answered(self, number: int, payload: bytes, window: int) -> None:
        """There is the topic: an instance has told where it stands, and the reader takes `window` bytes."""
        following = self._by_number[number]
        try:
            last, counting, queue, policy = _decode_position(payload)
        except UNREADABLE:
            return
        life = counting.hex()
        if following.has_begun:
            if self._goes_on(number, following, life):
                following.lives.setdefault(life, last)
                following.is_doubted = False
            return
        following.has_begun = True
        following.queue, following.policy = queue, policy
        following.credit = window
        following.lives[life] = last
        self._give(encode_frame(Kind.STREAM, number, b""))
        if following.is_numbered:  # anew with each subscription
            self._give_item(number, following, encode_beginning(0, b"%b.%d" % (self._life, number)))
        early = list(following.early)
        following.early.clear()
        for message in early:
            self._take_message(number, message)

    def take(self, message: BusMessage) -> bool:
        """Take in a message that was published; False for one that is no topic's."""
        if (followers := self._by_subject.get(message.subject)) is None:
            return False
        for number in list(followers):
            self._take_message(number, message)
        return True

    # ------------------------------------------------------------------------------------------------------------------

    def _take_message(self, number: int, message: BusMessage) -> None:
        following = self._by_number.get(number)
        if following is None:  # it was too slow for one before
            return
        if not following.has_begun:
            following.early.append(message)
            return
        headers = message.headers or {}
        try:
            count = whole_number(headers.get(NUMBER, ""))
        except PeerBrokeProtocol:
            return
        life = headers.get(LIFE, "")
        if not self._goes_on(number, following, life):
            return
        last = following.lives.get(life)
        if last is not None and count <= last:
            return  # published before this began, or come twice
        if len(following.lives) >= _MOST_LIVES and last is None:
            del following.lives[next(iter(following.lives))]
        following.lives[life] = count
        step = 1 if last is None else min(count - last, _MOST_MISSED)
        following.number += step
        is_full = len(following.waiting) >= max(1, following.queue)
        # One that is missing was too much for the instance, or for the bus: all the same to whom it is all or none.
        if following.policy == "disconnect" and (is_full or step > 1):
            self._refuse(number, SubscriberTooSlow(following.topic, following.queue))
            return
        if is_full:
            following.waiting.popleft()
        payload = message.payload
        following.waiting.append(encode_numbered(following.number, payload) if following.is_numbered else payload)
        self._give_waiting(number, following)

    def _goes_on(self, number: int, following: _Following, life: str) -> bool:
        """End it where another server has taken the place of those that have gone: what was missed is not known."""
        if following.is_doubted and life not in following.lives:
            self._refuse(number, ClosedByPeer(f"following {following.topic!r}"))
            return False
        return True

    def _give_waiting(self, number: int, following: _Following) -> None:
        while following.waiting and following.credit > 0:
            self._give_item(number, following, following.waiting.popleft())

    def _give_item(self, number: int, following: _Following, item: bytes) -> None:
        following.credit -= len(item) + HEADER_SIZE
        self._give(encode_frame(Kind.ITEM, number, item))
