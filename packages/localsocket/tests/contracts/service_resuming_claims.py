"""The claims about subscriptions that go on after the connection was lost, and about messages that are missing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from contracts.service_of_claims import ADDRESS, QUEUE, ServiceOfClaims, served, small_limits
from contracts.subjects import ClientUnderTest, ServiceFace, SubscriptionUnderTest
from localsocket.errors import CallCancelled, ClosedByPeer, ClosedByUs, DeadlinePassed, NoSuchTopic
from localsocket.interfaces import KIB
from localsocket.services.client_core import ClientCore
from localsocket.services.gap import Gap
from localsocket.services.method import SUBSCRIBE, SUBSCRIBE_NUMBERED
from localsocket.services.service import Service
from localsocket.services.topic import Topic
from localsocket.testing import FOREVER, PATIENCE, Background, Contract, raises, wait_until
from localsocket.wire.caller import Caller
from localsocket.wire.greeting import Greeting
from localsocket.wire.numbered_items import decode_beginning, decode_numbered

resuming_claims: Contract[ServiceFace] = Contract()

_SOON = 0.05
_MANY = 2000
_TIMES = 8
_UNKNOWN = Gap("latest", None)


class _Reader:
    """Takes messages of `latest` in a thread; `seen` has them, and the gaps between, in the order they were told."""

    def __init__(self, client: ClientUnderTest, topic: str = "latest", *, resume: bool = True) -> None:
        self.seen: list[int | Gap] = []
        self.subscription: SubscriptionUnderTest = client.subscribe(topic, resume=resume, on_gap=self.seen.append)
        self._running: Background[Any] | None = None

    def start(self) -> Background[None]:
        return Background(self._run)

    def take(self, count: int) -> None:
        for _ in range(count):
            self.seen.append(self.subscription.receive(timeout=PATIENCE))

    def _run(self) -> None:
        while True:
            self.seen.append(self.subscription.receive(timeout=FOREVER))


def _reconnecting(face: ServiceFace) -> Any:
    return served(face, {"reconnect": True})


def _break_connections(service: Service) -> None:
    """Close all connections of a service, and wait until those who were subscribed are no more."""
    topics = list(service._topics.values())
    broken = {subscription for topic in topics for subscription in list(topic._subscriptions)}
    assert broken
    for session in list(service._sessions):
        session._link.abort()  # type: ignore[attr-defined]
    wait_until(lambda: not any(broken.intersection(topic._subscriptions) for topic in topics), "them to be over")


def _is_all_sent(topic: Topic[Any]) -> bool:
    """Whether no message waits, or is in the hands of a thread: a call's answer may overtake those."""
    return not topic.items_queued and not any(reply._is_pumping for reply in list(topic._subscriptions.values()))


# --- taken up again ---------------------------------------------------------------------------------------------------


@resuming_claims.claim
def a_subscription_is_taken_up_again_after_the_connection_broke(face: ServiceFace) -> None:
    with _reconnecting(face) as (client, of_claims):
        reader = _Reader(client)
        of_claims.latest.publish(1)
        reader.take(1)
        reading = reader.start()
        for number in range(2, 2 + _TIMES):
            _break_connections(of_claims.service)
            wait_until(lambda: of_claims.latest.subscribers == 1, "it to be subscribed again")
            assert of_claims.latest.publish(number) == 1
            wait_until(lambda number=number: reader.seen[-1] == number, "the message")  # type: ignore[misc]
        assert reader.seen == list(range(1, 2 + _TIMES))
        assert reader.subscription.lost == 0
        client.close()
        raises(ClosedByUs, reading.result)


@resuming_claims.claim
def a_subscription_tells_how_many_messages_it_has_missed(face: ServiceFace) -> None:
    with _reconnecting(face) as (client, of_claims):
        reader = _Reader(client)
        of_claims.latest.publish(1)
        reader.take(1)
        _break_connections(of_claims.service)
        for number in range(2, 5):
            assert of_claims.latest.publish(number) == 0
        reading = reader.start()
        wait_until(lambda: reader.seen == [1, Gap("latest", 3)], "it to be told, and no message has come")
        of_claims.latest.publish(5)
        wait_until(lambda: reader.seen[2:] == [5], "the message")
        assert reader.subscription.lost == 3
        client.close()
        raises(ClosedByUs, reading.result)


@resuming_claims.claim
def what_arrived_before_the_connection_broke_comes_first(face: ServiceFace) -> None:
    with _reconnecting(face) as (client, of_claims):
        reader = _Reader(client)
        for number in range(QUEUE):
            of_claims.latest.publish(number)
        wait_until(lambda: _is_all_sent(of_claims.latest), "the messages to be sent")
        assert client.call("add", 2, 3) == 5  # and they have been received along with it
        _break_connections(of_claims.service)
        of_claims.latest.publish(-1)
        reading = reader.start()
        wait_until(lambda: reader.seen == [*range(QUEUE), Gap("latest", 1)], "all to be told")
        client.close()
        raises(ClosedByUs, reading.result)


@resuming_claims.claim
def nothing_is_doubled_and_what_is_missing_is_counted_while_connections_break(face: ServiceFace) -> None:
    def publish(topic: Topic[int]) -> None:
        for number in range(2, _MANY + 1):
            topic.publish(number)

    with _reconnecting(face) as (client, of_claims):
        reader = _Reader(client)
        of_claims.latest.publish(1)
        reader.take(1)  # so that it knows where it began: else it could not know what it has missed since
        reading = reader.start()
        publishing = Background(publish, of_claims.latest)
        for _ in range(_TIMES):
            wait_until(lambda: of_claims.latest.subscribers == 1, "it to be subscribed")
            _break_connections(of_claims.service)
        publishing.result()
        wait_until(lambda: of_claims.latest.subscribers == 1, "it to be subscribed")
        of_claims.latest.publish(_MANY + 1)
        wait_until(lambda: reader.seen[-1:] == [_MANY + 1], "the last message")
        _check_conservation(reader.seen)
        client.close()
        raises(ClosedByUs, reading.result)


def _check_conservation(seen: list[int | Gap]) -> None:
    """The messages are numbered from 1: each that was not received is counted in the gap where it is missing."""
    last = 0
    for each in seen:
        if isinstance(each, Gap):
            assert each.missing is not None
            last += each.missing
        else:
            last += 1
            assert each == last, seen


# --- by another server ------------------------------------------------------------------------------------------------


@resuming_claims.claim
def what_is_missing_is_unknown_where_the_server_is_another(face: ServiceFace) -> None:
    before, after = ServiceOfClaims(is_async=face.is_async), ServiceOfClaims(is_async=face.is_async)
    with before.served_by(face) as serving, face.connect(ADDRESS, reconnect=True) as client:
        reader = _Reader(client)
        for number in range(3):
            before.latest.publish(number)
        reader.take(3)
        reading = reader.start()
        serving.stop()
        for number in range(5):
            after.latest.publish(number)
        with after.served_by(face):
            wait_until(lambda: reader.seen[3:] == [_UNKNOWN], "it to be told")
            after.latest.publish(5)
            wait_until(lambda: reader.seen[4:] == [5], "the message")
            assert reader.subscription.lost == 0
            client.close()
            raises(ClosedByUs, reading.result)


@resuming_claims.claim
def a_topic_that_is_gone_ends_the_subscription(face: ServiceFace) -> None:
    before = ServiceOfClaims(is_async=face.is_async)
    with before.served_by(face) as serving, face.connect(ADDRESS, reconnect=True) as client:
        subscription = client.subscribe("latest", resume=True)
        serving.stop()
        after = Service("contract.service")
        after.topic("later", int)
        with face.serve(after, ADDRESS):
            for _ in range(2):
                gone = raises(NoSuchTopic, lambda: subscription.receive(timeout=PATIENCE))
                assert (gone.topic, gone.topics) == ("latest", ("later",))
            raises(NoSuchTopic, lambda: list(subscription))


@resuming_claims.claim
def a_service_that_does_not_number_its_messages_is_subscribed_to_all_the_same(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    _forget_numbers(of_claims.service)
    with of_claims.served_by(face), face.connect(ADDRESS, reconnect=True) as client:
        raises(NoSuchTopic, lambda: client.subscribe("lates"))
        reader = _Reader(client)
        of_claims.latest.publish(1)
        reader.take(1)
        reading = reader.start()
        _break_connections(of_claims.service)
        wait_until(lambda: reader.seen == [1, _UNKNOWN], "it to be told")
        of_claims.latest.publish(2)
        wait_until(lambda: reader.seen[2:] == [2], "the message")
        assert reader.subscription.lost == 0
        client.close()
        raises(ClosedByUs, reading.result)


def _forget_numbers(service: Service) -> None:
    """Make it a service of a version that could not number yet."""
    del service._table[SUBSCRIBE_NUMBERED]


@resuming_claims.claim
def a_client_that_knows_no_numbers_gets_messages_without(face: ServiceFace) -> None:
    with served(face) as (client, of_claims), face.line(ADDRESS) as socket:
        subscription = client.subscribe("latest")
        caller = Caller(Greeting(role="client", max_message=KIB, stream_window=KIB))
        socket.write(caller.mine.encode())
        while caller.peer is None:
            caller.feed(socket.read(timeout=PATIENCE))
        plain, numbered = (caller.begin(method, None, ("latest",)) for method in (SUBSCRIBE, SUBSCRIBE_NUMBERED))
        socket.write(plain.frame + numbered.frame)
        while not plain.is_stream or not numbered.items:
            caller.feed(socket.read(timeout=PATIENCE))
        for number in (7, 8):
            of_claims.latest.publish(number)
        while len(plain.items or ()) < 2 or len(numbered.items or ()) < 3:
            caller.feed(socket.read(timeout=PATIENCE))
        assert [bytes(item) for item in plain.items or ()] == [b"\x07", b"\x08"]
        beginning, *messages = numbered.items
        assert decode_beginning(beginning).last == 0
        assert [(number, bytes(body)) for number, body in map(decode_numbered, messages)] == [
            (1, b"\x07"),
            (2, b"\x08"),
        ]
        assert list(itertools.islice(subscription, 2)) == [7, 8]


# --- in time ----------------------------------------------------------------------------------------------------------


@resuming_claims.claim
def a_subscription_waits_for_its_server_as_long_as_it_is_told(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with face.serve(of_claims.service, ADDRESS) as serving, _connected(face) as (client, reader):
        serving.stop()
        of_claims.latest.publish(1)
        for _ in range(3):
            raises(DeadlinePassed, lambda: reader.subscription.receive(timeout=_SOON))
        with of_claims.served_by(face):
            reading = Background(reader.take, 1)
            wait_until(lambda: reader.seen == [Gap("latest", 1)], "it to be subscribed again")
            of_claims.latest.publish(2)
            reading.result()
            assert reader.seen[1:] == [2]
            raises(DeadlinePassed, lambda: reader.subscription.receive(timeout=_SOON))
            of_claims.latest.publish(3)
            reader.take(1)
        client.close()


@contextmanager
def _connected(face: ServiceFace) -> Iterator[tuple[ClientUnderTest, _Reader]]:
    with face.connect(ADDRESS, reconnect=True) as client:
        yield client, _Reader(client)


@resuming_claims.claim
def a_subscription_outlasts_the_time_in_which_it_was_taken_up_again(face: ServiceFace) -> None:
    with _reconnecting(face) as (client, of_claims):
        subscription = client.subscribe("latest", resume=True)
        _break_connections(of_claims.service)
        for _ in range(3):
            raises(DeadlinePassed, lambda: subscription.receive(timeout=5 * _SOON))
        of_claims.latest.publish(1)
        assert subscription.receive(timeout=PATIENCE) == 1


@resuming_claims.claim
def a_subscription_waits_for_its_server_no_longer_than_its_client_does(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with of_claims.served_by(face) as serving, face.connect(ADDRESS, reconnect=True) as client:
        subscription = client.subscribe("latest", resume=True)
        serving.stop()
        _core_of(client).connect_timeout = _SOON  # which would be too short for the first connection, now and then
        for _ in range(2):
            raises(DeadlinePassed, lambda: next(subscription))


@resuming_claims.claim
def a_subscription_that_has_been_idle_while_its_server_was_away_is_over(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with of_claims.served_by(face) as serving, face.connect(ADDRESS, reconnect=True) as client:
        subscription = client.subscribe("latest", resume=True, idle_timeout=_SOON)
        serving.stop()
        raises(DeadlinePassed, lambda: subscription.receive(timeout=FOREVER))
        with of_claims.served_by(face):
            raises(CallCancelled, lambda: subscription.receive(timeout=FOREVER))
            assert client.call("add", 2, 3) == 5
            assert of_claims.latest.subscribers == 0


def _core_of(client: Any) -> ClientCore:
    core: ClientCore = getattr(client, "client", client)._core
    return core


# --- endings ----------------------------------------------------------------------------------------------------------


@resuming_claims.claim
def closing_the_client_ends_a_subscription_that_waits_for_its_server(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with of_claims.served_by(face) as serving, face.connect(ADDRESS, reconnect=True, timeout=FOREVER) as client:
        subscription = client.subscribe("latest", resume=True)
        serving.stop()
        raises(DeadlinePassed, lambda: subscription.receive(timeout=_SOON))
        reading = Background(subscription.receive)
        client.close()
        raises(ClosedByUs, reading.result)
        raises(ClosedByUs, lambda: subscription.receive(timeout=PATIENCE))


@resuming_claims.claim
def a_server_that_is_stopped_does_not_wait_for_its_subscribers(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with of_claims.served_by(face) as serving, face.connect(ADDRESS) as client:
        subscription = client.subscribe("latest")
        Background(lambda: serving.stop(timeout=FOREVER)).result()
        raises(ClosedByPeer, lambda: subscription.receive(timeout=PATIENCE))


@resuming_claims.claim
def a_subscription_that_was_closed_is_not_taken_up_again(face: ServiceFace) -> None:
    with _reconnecting(face) as (client, of_claims):
        subscription = client.subscribe("latest", resume=True)
        _break_connections(of_claims.service)
        subscription.close()
        for _ in range(2):
            raises(CallCancelled, lambda: subscription.receive(timeout=PATIENCE))
        assert client.call("add", 2, 3) == 5
        wait_until(lambda: of_claims.latest.subscribers == 0, "it to be over")
        again = client.subscribe("latest", resume=True)
        again.close()
        raises(CallCancelled, lambda: again.receive(timeout=PATIENCE))
        wait_until(lambda: of_claims.latest.subscribers == 0, "it to be over")


@resuming_claims.claim
def a_subscription_that_is_not_to_be_taken_up_again_ends_with_the_connection(face: ServiceFace) -> None:
    with _reconnecting(face) as (client, of_claims):
        subscription = client.subscribe("latest")
        _break_connections(of_claims.service)
        for _ in range(2):
            raises(ClosedByPeer, lambda: subscription.receive(timeout=PATIENCE))
        assert client.call("add", 2, 3) == 5
        wait_until(lambda: of_claims.latest.subscribers == 0, "it to be over")


@resuming_claims.claim
def only_a_client_that_reconnects_can_take_a_subscription_up_again(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        raises(ValueError, lambda: client.subscribe("latest", resume=True))
        raises(TypeError, lambda: client.subscribe("latest", on_gap="no function"))  # type: ignore[arg-type]
        assert of_claims.latest.subscribers == 0


# --- dropped ----------------------------------------------------------------------------------------------------------


@resuming_claims.claim
def what_is_dropped_for_a_slow_subscriber_is_counted_and_told(face: ServiceFace) -> None:
    with served(face, {"limits": small_limits(stream=1)}) as (client, of_claims):
        reader, topic = _Reader(client, resume=False), of_claims.latest
        wait_until(lambda: client.call("add", 2, 3) == 5)  # its first item, which says where it begins, is there
        for number in range(_MANY):
            topic.publish(number)
        assert topic.items_dropped == of_claims.service.stats().items_dropped == _MANY - QUEUE
        reader.take(QUEUE)
        assert reader.seen == [Gap("latest", _MANY - QUEUE), *range(_MANY - QUEUE, _MANY)]
        assert reader.subscription.lost == _MANY - QUEUE
        topic.publish(0)
        reader.take(1)
        assert reader.seen[-1:] == [0]
        client.close()
        wait_until(lambda: topic.subscribers == 0, "it to be gone")
        assert of_claims.service.stats().items_dropped == _MANY - QUEUE


@resuming_claims.claim
def what_is_told_of_a_gap_may_fail_and_no_message_is_lost(face: ServiceFace) -> None:
    def fail(gap: Gap) -> None:
        raise LookupError(gap)

    with served(face, {"limits": small_limits(stream=1)}) as (client, of_claims):
        subscription, beside = client.subscribe("latest", on_gap=fail), client.subscribe("latest")
        for number in range(QUEUE + 3):
            of_claims.latest.publish(number)
        while beside.receive(timeout=PATIENCE) != QUEUE + 2:
            pass  # all of them have arrived then, whichever way they come
        lost = raises(LookupError, lambda: subscription.receive(timeout=PATIENCE))
        assert lost.args == (Gap("latest", 3),)
        assert list(itertools.islice(subscription, QUEUE)) == list(range(3, QUEUE + 3))
