"""The claims about what comes in many pieces: streams and topics."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

from contracts.service_of_claims import ADDRESS, QUEUE, Refused, served, small_limits
from contracts.subjects import ClientUnderTest, ItemsUnderTest, ServiceFace, in_time
from localsocket.errors import (
    BadResult,
    Busy,
    CallFailed,
    DeadlinePassed,
    EndOfStream,
    NoSuchMethod,
    NoSuchTopic,
    SubscriberTooSlow,
)
from localsocket.interfaces import KIB
from localsocket.services.service import Service
from localsocket.services.topic import Topic
from localsocket.testing import PATIENCE, Background, Contract, raises, wait_until
from localsocket.wire.frames import HEADER_SIZE
from localsocket.wire.numbered_items import encode_beginning, encode_numbered

stream_claims: Contract[ServiceFace] = Contract()

_SOON = 0.02
_MANY = 3000
_LINE = KIB
_WINDOW = 8 * KIB
_PUBLISHERS = 4
_PUBLISHED = 100


# --- streams ----------------------------------------------------------------------------------------------------------


@stream_claims.claim
def a_stream_gives_every_item_in_order(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        assert list(client.stream("count", _MANY)) == list(range(_MANY))
        assert list(client.stream("count", 0)) == []
        assert list(client.call("count", 3)) == [0, 1, 2]
        of_claims.diary.wait_for("closed", "closed", "closed")
        wait_until(lambda: of_claims.service.stats().active_calls == 0, "nothing to be under way")


@stream_claims.claim
def a_stream_ends_again_and_again(face: ServiceFace) -> None:
    with served(face) as (client, _):
        stream = client.stream("count", 1)
        assert stream.receive(timeout=PATIENCE) == 0
        for _ in range(2):
            raises(EndOfStream, lambda: stream.receive(timeout=PATIENCE))
            assert list(stream) == []
        stream.close()


@stream_claims.claim
def a_stream_that_fails_gives_what_came_before(face: ServiceFace) -> None:
    for then, kind in (("refused", Refused), ("unknown", CallFailed)):
        with served(face) as (client, _):
            stream = client.stream("count", 3, then=then)
            assert [next(stream) for _ in range(3)] == [0, 1, 2]
            for _ in range(2):
                raises(kind, lambda stream=stream: stream.receive(timeout=PATIENCE))  # type: ignore[misc]


@stream_claims.claim
def a_stream_that_cannot_begin_says_why(face: ServiceFace) -> None:
    with served(face) as (client, _):
        raises(NoSuchMethod, lambda: list(client.stream("coun", 3)))
        raises(TypeError, lambda: list(client.stream("count", "3")))
        assert client.call("add", 2, 3) == 5


@stream_claims.claim
def a_stream_waits_for_each_item_as_long_as_it_is_told(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        stream = client.stream("drip")
        assert stream.receive(timeout=PATIENCE) == 1
        raises(DeadlinePassed, lambda: stream.receive(timeout=_SOON))
        raises(DeadlinePassed, lambda: stream.receive(timeout=0))
        of_claims.gate.set()
        assert stream.receive(timeout=PATIENCE) == 2
        raises(EndOfStream, lambda: stream.receive(timeout=PATIENCE))


@stream_claims.claim
def the_deadline_of_a_call_is_for_its_whole_stream(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):

        def is_closed_there() -> bool:
            raises(DeadlinePassed, lambda: list(client.stream("drip", timeout=_SOON)))
            return "closed" in of_claims.diary.notes

        wait_until(is_closed_there)  # in a slow moment it has not begun when its time is over
        assert client.call("add", 2, 3) == 5


@stream_claims.claim
def a_stream_that_is_left_is_closed_where_it_is_served(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        for method, arguments in (("count", [10**9]), ("drip", [])):
            stream = client.stream(method, *arguments)
            next(stream)
            stream.close()
            stream.close()
        of_claims.diary.wait_for("closed", "closed")
        wait_until(lambda: of_claims.service.stats().active_calls == 0, "nothing to be under way")
        assert client.call("add", 2, 3) == 5


@stream_claims.claim
def a_stream_is_made_no_faster_than_it_is_read(face: ServiceFace) -> None:
    with served(face, {"limits": small_limits(stream=_WINDOW)}) as (client, of_claims):
        stream = client.stream("lines", 100, _LINE)
        assert next(stream) == bytes(_LINE)
        _wait_until_made(of_claims.diary.notes, _WINDOW // _LINE)
        for number in range(1, 100):
            assert client.call("add", number) == number + 1
            assert of_claims.diary.notes.count("line") <= number + _WINDOW // _LINE + 2
            assert next(stream) == bytes([number]) * _LINE
        raises(EndOfStream, lambda: stream.receive(timeout=PATIENCE))


@stream_claims.claim
def many_streams_and_calls_share_a_connection(face: ServiceFace) -> None:
    def receive_all(to: int) -> list[int]:
        return list(client.stream("count", to))

    limits = small_limits(stream=100, calls=16)
    with served(face, {"limits": limits}, limits=limits) as (client, _):
        readers = [Background(receive_all, 100 + number) for number in range(6)]
        for number in range(100):
            assert client.call("add", number) == number + 1
        for number, reader in enumerate(readers):
            assert reader.result() == list(range(100 + number))


# --- topics -----------------------------------------------------------------------------------------------------------


@stream_claims.claim
def a_subscriber_gets_what_is_published_from_then_on(face: ServiceFace) -> None:
    with served(face) as (client, of_claims), face.connect(ADDRESS) as other:
        assert of_claims.latest.publish(0) == 0
        first = client.subscribe("latest")
        assert of_claims.latest.publish(1) == 1
        second = other.subscribe("latest", int)
        assert of_claims.latest.publish(2) == 2
        assert [first.receive(timeout=PATIENCE) for _ in range(2)] == [1, 2]
        assert second.receive(timeout=PATIENCE) == 2
        raises(DeadlinePassed, lambda: second.receive(timeout=_SOON))
        assert of_claims.service.stats().subscribers == 2


@stream_claims.claim
def a_topic_has_a_type(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        subscription, wrong = client.subscribe("latest"), client.subscribe("latest", str)
        raises(BadResult, lambda: of_claims.latest.publish("one"))  # type: ignore[arg-type]
        of_claims.latest.publish(1)
        assert subscription.receive(timeout=PATIENCE) == 1
        assert raises(BadResult, lambda: wrong.receive(timeout=PATIENCE)).method == "latest"


@stream_claims.claim
def a_topic_that_is_not_there_is_told_with_those_that_are(face: ServiceFace) -> None:
    with served(face) as (client, _):
        unknown = raises(NoSuchTopic, lambda: client.subscribe("lates"))
        assert (unknown.topic, unknown.topics) == ("lates", ("latest", "all_or_none", "every"))
        assert client.call("add", 2, 3) == 5


@stream_claims.claim
def a_subscription_outlasts_the_time_for_a_call(face: ServiceFace) -> None:
    with served(face, {"call_timeout": 10 * _SOON}) as (client, of_claims):
        subscriptions = [
            in_time(lambda: client.subscribe("latest")),
            in_time(lambda: client.within(10 * _SOON).subscribe("latest")),
        ]
        raises(DeadlinePassed, lambda: client.call("hold"))
        of_claims.latest.publish(1)
        for subscription in subscriptions:
            assert subscription.receive(timeout=PATIENCE) == 1


@stream_claims.claim
def who_takes_no_more_is_sent_no_more(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        left, kept = client.subscribe("latest"), client.subscribe("latest")
        left.close()
        wait_until(lambda: of_claims.latest.subscribers == 1, "the subscription to be forgotten")
        assert of_claims.latest.publish(1) == 1
        assert kept.receive(timeout=PATIENCE) == 1
        client.close()
        wait_until(lambda: of_claims.latest.subscribers == 0, "the other to be forgotten")


@stream_claims.claim
def a_slow_subscriber_gets_the_latest(face: ServiceFace) -> None:
    with _one_who_does_not_read(face, "latest") as (_, topic, slow):
        _publish(topic, _PUBLISHED)
        assert topic.items_queued == QUEUE
        received = [slow.receive(timeout=PATIENCE) for _ in range(QUEUE + _GRANTED)]
        assert received == [*range(_GRANTED), *range(_PUBLISHED - QUEUE, _PUBLISHED)]
        raises(DeadlinePassed, lambda: slow.receive(timeout=_SOON))


@stream_claims.claim
def a_slow_subscriber_may_be_disconnected(face: ServiceFace) -> None:
    with _one_who_does_not_read(face, "all_or_none") as (client, topic, slow):
        _publish(topic, _PUBLISHED)
        assert topic.items_queued == QUEUE
        assert [slow.receive(timeout=PATIENCE) for _ in range(_GRANTED)] == list(range(_GRANTED))
        too_slow = raises(SubscriberTooSlow, lambda: slow.receive(timeout=PATIENCE))
        assert (too_slow.topic, too_slow.queue) == ("all_or_none", QUEUE)
        wait_until(lambda: topic.subscribers == 0, "it to be forgotten")
        assert client.call("add", 2, 3) == 5


@stream_claims.claim
def a_slow_subscriber_may_be_waited_for(face: ServiceFace) -> None:
    with _one_who_does_not_read(face, "every") as (client, topic, slow):
        room = _GRANTED + QUEUE
        _publish(topic, room)
        raises(Busy, lambda: topic.publish_nowait(-1))
        raises(DeadlinePassed, lambda: topic.publish(-1, timeout=_SOON))
        waiting = Background(topic.publish, room)
        waiting.wait_until_waiting()
        assert [slow.receive(timeout=PATIENCE) for _ in range(room + 1)] == list(range(room + 1))
        assert waiting.result() == 1
        _fill(client, topic)
        leaving = Background(topic.publish, 0)
        leaving.wait_until_waiting()
        client.close()
        assert leaving.result() == 0


@stream_claims.claim
def who_does_not_read_costs_only_itself(face: ServiceFace) -> None:
    with _one_who_does_not_read(face, "latest") as (_, topic, _), face.connect(ADDRESS) as client:
        quick = client.subscribe("latest")
        wait_until(lambda: topic.subscribers == 2, "both to be subscribed")
        for number in range(_MANY // 3):
            topic.publish(number)
            assert quick.receive(timeout=PATIENCE) == number
        assert topic.items_queued <= QUEUE


@stream_claims.claim
def many_threads_publish_at_once(face: ServiceFace) -> None:
    def publish(topic: Topic[int], thread: int) -> None:
        for number in range(_PUBLISHED):
            topic.publish(thread * 1000 + number, timeout=PATIENCE)

    with served(face) as (client, of_claims), face.connect(ADDRESS) as other:
        subscriptions = [client.subscribe("every"), client.subscribe("every"), other.subscribe("every")]
        publishers = [Background(publish, of_claims.every, thread) for thread in range(_PUBLISHERS)]
        readers = [
            Background(lambda each=each: list(itertools.islice(each, _PUBLISHERS * _PUBLISHED)))
            for each in subscriptions
        ]
        for publisher in publishers:
            publisher.result()
        for received in (reader.result() for reader in readers):
            for thread in range(_PUBLISHERS):
                numbers = [number for number in received if number // 1000 == thread]
                assert numbers == [thread * 1000 + number for number in range(_PUBLISHED)]


# ----------------------------------------------------------------------------------------------------------------------

_FEW = 100
_BEGINNING = HEADER_SIZE + len(encode_beginning(0, Service("claims").topic("latest")._life))
_MESSAGE = HEADER_SIZE + len(encode_numbered(1, b"\x01"))
_GRANTED = -(-(_FEW - _BEGINNING) // _MESSAGE)
"""So many small numbers are sent to a subscriber who is granted so few bytes, before it has read any."""


@contextlib.contextmanager
def _one_who_does_not_read(
    face: ServiceFace, topic: str
) -> Iterator[tuple[ClientUnderTest, Topic[int], ItemsUnderTest]]:
    """Give a subscriber that is granted a few messages, and reads none."""
    with served(face, {"limits": small_limits(stream=_FEW)}) as (client, of_claims):
        yield client, of_claims.service._topics[topic], client.subscribe(topic)


def _publish(topic: Topic[int], count: int) -> None:
    """Publish numbers: those that are granted are sent before the others come, which wait or are dropped."""
    for number in range(count):
        topic.publish(number, timeout=PATIENCE)
        if number < _GRANTED:
            wait_until(lambda: not topic.items_queued, "it to be sent")


def _fill(client: ClientUnderTest, topic: Topic[int]) -> None:
    """Publish until there is no room for more, also after everything has been sent that may be."""
    for _ in range(2):
        with contextlib.suppress(Busy):
            while True:
                topic.publish_nowait(0)
        assert client.call("add", 2, 3) == 5


def _wait_until_made(notes: list[str], count: int) -> None:
    wait_until(lambda: notes.count("line") >= count, f"{count} lines to be made")
