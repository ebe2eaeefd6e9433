"""Topics: everybody who is subscribed gets everything, in order, and who does not read costs only itself."""

from __future__ import annotations

import itertools
import threading
import tracemalloc
from typing import Any

import pytest

from localsocket import CallLimits, Client, LocalSocket, ServerThread, Service, connect
from localsocket.errors import BadResult, CallFailed, ClosedByPeer, SubscriberTooSlow
from localsocket.interfaces import KIB, MIB
from localsocket.services.topic import Topic
from localsocket.testing import PATIENCE, Background, wait_until
from localsocket.wire.caller import Caller
from localsocket.wire.greeting import Greeting
from services.conftest import ADDRESS, Serve


class Broadcasting:
    """A service with a topic, and a method that publishes on it."""

    def __init__(self, *, kind: Any = bytes, **options: Any) -> None:
        self.service = Service("broadcasting")
        self.topic: Topic = self.service.topic("news", kind, **options)
        self.service.method(self.publish)
        self.service.method(self.echo)

    def publish(self, number: int) -> int:
        return self.topic.publish(b"%d" % number)

    def echo(self, data: bytes) -> bytes:
        return data


class DeafSubscriber:
    """Subscribes, lets everything be sent to it, and reads nothing."""

    def __init__(self, service: Service) -> None:
        self.socket: LocalSocket = connect(ADDRESS, timeout=PATIENCE)
        caller = Caller(Greeting(role="client", max_message=MIB, stream_window=2**31))
        self.socket.write(caller.mine.encode())
        self.socket.write(caller.begin("localsocket.subscribe", None, ("news",)).frame)
        wait_until(lambda: service.stats().subscribers == 1, "it to be subscribed")

    def __enter__(self) -> DeafSubscriber:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.abort()


# --- what a topic is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"policy": "drop_newest"}, "policy must be one of block, drop_oldest, disconnect"),
        ({"queue": 0}, "queue must be at least 1"),
        ({"queue": 1.5}, "queue must be a whole number"),
        ({"kind": type}, "`message`: type is not one of the types that can be sent, in topic 'news'"),
    ],
)
def test_a_topic_that_means_nothing_is_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises((TypeError, ValueError), match=reason):
        Service("demo").topic("news", **options)


def test_topics_are_added_before_the_service_is_served(serve: Serve) -> None:
    broadcasting = Broadcasting()
    with serve(broadcasting.service), Client(ADDRESS):
        with pytest.raises(RuntimeError, match="has already been served: add to it before"):
            broadcasting.service.topic("more")
        with pytest.raises(RuntimeError, match="has already been served: add to it before"):
            broadcasting.service.method(len)


def test_publishing_to_nobody_is_fine_also_before_and_after_serving(serve: Serve) -> None:
    broadcasting = Broadcasting(policy="block")
    assert broadcasting.topic.publish(b"") == 0
    with serve(broadcasting.service), Client(ADDRESS) as client:
        subscription = client.subscribe("news")
        assert broadcasting.topic.publish(b"x") == 1
        assert subscription.receive(timeout=PATIENCE) == b"x"
    assert broadcasting.topic.publish_nowait(b"") == 0


# --- everything arrives, in order -------------------------------------------------------------------------------------


def test_nothing_that_is_published_after_subscribing_is_missed(serve: Serve) -> None:
    broadcasting = Broadcasting()
    with serve(broadcasting.service), Client(ADDRESS) as client:
        for number in range(50):
            with client.subscribe("news") as subscription:
                broadcasting.topic.publish(b"%d" % number)
                assert subscription.receive(timeout=PATIENCE) == b"%d" % number


def test_a_method_may_publish_to_its_own_caller(serve: Serve) -> None:
    broadcasting = Broadcasting()
    with serve(broadcasting.service), Client(ADDRESS) as client, client.subscribe("news") as subscription:
        for number in range(100):
            assert client.call("publish", number) == 1
        assert list(itertools.islice(subscription, 100)) == [b"%d" % number for number in range(100)]


def test_messages_keep_their_order_among_answers_that_are_sent_together(serve: Serve) -> None:
    broadcasting = Broadcasting(kind=int, queue=100_000)
    is_over = threading.Event()

    def publish() -> int:
        for number in itertools.count():
            broadcasting.topic.publish(number)
            if number > 3000 or is_over.is_set():
                return number
        raise AssertionError

    with serve(broadcasting.service), Client(ADDRESS) as client, client.subscribe("news") as subscription:
        publisher = Background(publish)
        for _ in range(30):
            calls = [client.start("echo", b"x") for _ in range(30)]
            for call in calls:
                assert call.result(timeout=PATIENCE) == b"x"
        is_over.set()
        last = publisher.result()
        assert list(itertools.islice(subscription, last + 1)) == list(range(last + 1))


def test_one_service_at_two_addresses_has_the_same_subscribers() -> None:
    broadcasting = Broadcasting()
    with (
        ServerThread(ADDRESS, broadcasting.service),
        ServerThread("services.second", broadcasting.service),
        Client(ADDRESS) as one,
        Client("services.second") as other,
    ):
        subscriptions = [one.subscribe("news"), other.subscribe("news")]
        assert broadcasting.topic.publish(b"x") == 2
        assert [each.receive(timeout=PATIENCE) for each in subscriptions] == [b"x", b"x"]


# --- who does not read ----------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("policy", ["drop_oldest", "disconnect"])
def test_a_subscriber_that_never_reads_costs_no_more_than_its_limits(serve: Serve, policy: Any) -> None:
    broadcasting = Broadcasting(queue=100, policy=policy)
    service, topic = broadcasting.service, broadcasting.topic
    with serve(service), DeafSubscriber(service), Client(ADDRESS) as client:
        quick = client.subscribe("news")
        tracemalloc.start()
        try:
            for number in range(2000):
                message = b"%d" % number * 400
                topic.publish(message)
                assert quick.receive(timeout=PATIENCE) == message
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        stats = service.stats()
        assert stats.bytes_unsent <= MIB + 2 * KIB
        assert stats.items_queued <= 100
        assert held < 3 * MIB
        assert client.call("echo", b"others") == b"others"
        assert stats.dropped_peers == 0


def test_who_is_waited_for_is_waited_for_by_the_publisher_alone(serve: Serve) -> None:
    broadcasting = Broadcasting(queue=10, policy="block")
    with serve(broadcasting.service), DeafSubscriber(broadcasting.service) as deaf, Client(ADDRESS) as client:

        def publish() -> None:
            while broadcasting.topic.subscribers:
                broadcasting.topic.publish(bytes(10 * KIB))

        publisher = Background(publish)
        wait_until(lambda: broadcasting.topic.items_queued == 10, "the queue to be full")
        for _ in range(100):
            assert client.call("echo", b"others") == b"others"
        deaf.socket.abort()
        publisher.result()


def test_what_a_client_does_not_take_from_a_subscription_stays_within_its_window(serve: Serve) -> None:
    broadcasting = Broadcasting(queue=10)
    with serve(broadcasting.service), Client(ADDRESS, limits=CallLimits(stream=10 * KIB)) as client:
        subscription = client.subscribe("news")
        for _ in range(100):
            broadcasting.topic.publish(bytes(KIB))
            assert client.call("echo", b"x") == b"x"  # which receives for the subscription too
        held = subscription._pending._call.items
        assert held is not None
        assert 10 * KIB <= sum(map(len, held)) <= 12 * KIB
        assert broadcasting.topic.items_queued == 10


def test_a_subscriber_that_was_too_slow_may_subscribe_again(serve: Serve) -> None:
    broadcasting = Broadcasting(queue=2, policy="disconnect")
    with serve(broadcasting.service), Client(ADDRESS, limits=CallLimits(stream=100)) as client:
        slow = client.subscribe("news")
        for _ in range(10):
            broadcasting.topic.publish(bytes(200))
        with pytest.raises(SubscriberTooSlow, match="2 messages were waiting to be read"):
            list(slow)
        wait_until(lambda: broadcasting.topic.subscribers == 0, "it to be forgotten")
        again = client.subscribe("news")
        broadcasting.topic.publish(b"x")
        assert again.receive(timeout=PATIENCE) == b"x"


def test_a_message_that_a_subscriber_does_not_take_ends_its_subscription_alone(serve: Serve) -> None:
    broadcasting = Broadcasting()
    few = CallLimits(message=1000)
    with serve(broadcasting.service), Client(ADDRESS, limits=few) as small, Client(ADDRESS) as large:
        subscriptions = [small.subscribe("news"), large.subscribe("news")]
        broadcasting.topic.publish(bytes(2000))
        assert len(subscriptions[1].receive(timeout=PATIENCE)) == 2000
        with pytest.raises(CallFailed):
            subscriptions[0].receive(timeout=PATIENCE)
        assert small.call("echo", b"x") == b"x"
        wait_until(lambda: broadcasting.topic.subscribers == 1, "it to be forgotten")


# --- endings --------------------------------------------------------------------------------------------------------


def test_a_publisher_is_told_of_a_wrong_value_and_nobody_else(serve: Serve) -> None:
    broadcasting = Broadcasting()
    with serve(broadcasting.service), Client(ADDRESS) as client, client.subscribe("news") as subscription:
        for publish in (broadcasting.topic.publish, broadcasting.topic.publish_nowait):
            with pytest.raises(BadResult):
                publish("text")
        broadcasting.topic.publish(b"bytes")
        assert subscription.receive(timeout=PATIENCE) == b"bytes"


def test_stopping_ends_subscriptions_at_once_and_wakes_publishers(serve: Serve) -> None:
    broadcasting = Broadcasting(queue=1, policy="block")

    def publish() -> None:
        while broadcasting.topic.subscribers:
            broadcasting.topic.publish(bytes(10 * KIB))

    with serve(broadcasting.service):
        client = Client(ADDRESS, limits=CallLimits(stream=20 * KIB))
        subscription = client.subscribe("news")
        publisher = Background(publish)
        wait_until(lambda: broadcasting.topic.items_queued == 1, "the queue to be full")
    publisher.result()
    with pytest.raises(ClosedByPeer):
        list(subscription)
    client.close()
