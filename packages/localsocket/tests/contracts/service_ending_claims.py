"""The claims about how services and their clients end, and begin again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from contracts.service_of_claims import ADDRESS, ServiceOfClaims, served, small_limits
from contracts.subjects import ClientUnderTest, ItemsUnderTest, ServiceFace
from localsocket.errors import (
    ClosedByPeer,
    ClosedByUs,
    ConnectingTimedOut,
    DeadlinePassed,
    LocalSocketError,
    ServerNotFound,
)
from localsocket.interfaces import KIB
from localsocket.services.client_core import MOST_ATTEMPTS
from localsocket.testing import FOREVER, PATIENCE, Background, Contract, raises, wait_until

ending_claims: Contract[ServiceFace] = Contract()

_SOON = 0.05
_AGAIN = 3
_MORE_THAN_IS_SENT_AHEAD = 200, 16 * KIB  # items, and how long each is


@ending_claims.claim
def closing_the_client_wakes_who_waits_and_cancels_what_is_served(face: ServiceFace) -> None:
    with served(face, limits=small_limits(calls=3)) as (client, of_claims):
        stream, topic = client.stream("drip"), client.subscribe("latest")
        assert next(stream) == 1
        waits: list[Callable[[], object]] = [
            lambda: client.call("hold", timeout=FOREVER),
            lambda: stream.receive(timeout=FOREVER),
            lambda: topic.receive(timeout=FOREVER),
            lambda: client.call("add", 2, 3, timeout=FOREVER),  # for which there is no room
        ]
        waiters = []
        for wait in waits:
            waiters.append(Background(wait))
            of_claims.diary.wait_for("held")
            waiters[-1].wait_until_waiting()
        client.close()
        for waiter in waiters:
            raises(ClosedByUs, waiter.result)
        raises(ClosedByUs, lambda: client.call("add", 2, 3))
        client.close()
        of_claims.diary.wait_for("cancelled", "closed")
        wait_until(lambda: of_claims.service.stats().open_connections == 0, "the connection to be forgotten")
        wait_until(lambda: of_claims.latest.subscribers == 0, "the subscription to be forgotten")


def _lose(client: ClientUnderTest) -> None:
    """Have the client find out that its server has gone."""

    def is_lost() -> bool:
        error = raises(LocalSocketError, lambda: client.call("add", 2, 3, timeout=_SOON))
        return isinstance(error, ConnectingTimedOut | ClosedByPeer)

    wait_until(is_lost)


@ending_claims.claim
def a_client_whose_server_stays_away_says_that_none_listens(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with of_claims.served_by(face) as serving, face.connect(ADDRESS, reconnect=True) as client:
        serving.stop(timeout=0)
        _lose(client)
        calls: list[Callable[[], object]] = [
            lambda: client.call("add", 2, 3, timeout=_SOON),
            lambda: client.notify("add", 2, 3, timeout=_SOON),
            lambda: client.within(_SOON).proxy.add(2, 3),
        ]
        for late in [raises(ConnectingTimedOut, call) for call in calls]:
            assert isinstance(late, DeadlinePassed)
            assert isinstance(late.reason, ServerNotFound)
            assert late.__cause__ is late.reason
            assert late.address == ADDRESS
            assert str(late) == f"no server listens at {ADDRESS!r} (tried for {_SOON} s)"


@ending_claims.claim
def callers_who_wait_for_another_one_to_connect_are_told_the_same(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with of_claims.served_by(face) as serving, face.connect(ADDRESS, reconnect=True) as client:
        serving.stop(timeout=0)
        _lose(client)
        callers = [Background(lambda: raises(ConnectingTimedOut, lambda: client.call("add", 2, 3, timeout=_SOON)))]
        callers += [Background(lambda: raises(ConnectingTimedOut, lambda: client.call("add", 2, 3, timeout=_SOON)))]
        assert all(str(each.result()).startswith(f"no server listens at {ADDRESS!r} (tried") for each in callers)


@ending_claims.claim
def a_server_that_ends_wakes_who_waits(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with of_claims.served_by(face) as serving, face.connect(ADDRESS) as client:
        stream, topic = client.stream("drip"), client.subscribe("latest")
        assert next(stream) == 1
        waiters = [
            Background(lambda: client.call("hold", timeout=FOREVER)),
            Background(lambda: stream.receive(timeout=FOREVER)),
            Background(lambda: topic.receive(timeout=FOREVER)),
        ]
        of_claims.diary.wait_for("held")
        for waiter in waiters:
            waiter.wait_until_waiting()
        serving.stop(timeout=0)
        for waiter in waiters:
            raises(ClosedByPeer, waiter.result)
        raises(ClosedByPeer, lambda: client.call("add", 2, 3))
        of_claims.diary.wait_for("cancelled", "closed")


@ending_claims.claim
def what_was_under_way_ends_though_another_server_is_there_at_once(face: ServiceFace) -> None:
    before, after = ServiceOfClaims(is_async=face.is_async), ServiceOfClaims(is_async=face.is_async)

    def has_had_one() -> bool:
        before.latest.publish(7)  # again and again: by some protocols nobody is told when its reader is there
        return first.is_done

    with before.served_by(face) as serving, contextlib.ExitStack() as clients:
        caller, reader, subscriber = (
            clients.enter_context(face.connect(ADDRESS, reconnect=True, call_timeout=None)) for _ in range(3)
        )
        stream, topic = reader.stream("drip"), subscriber.subscribe("latest")
        assert next(stream) == 1
        first = Background(lambda: topic.receive(timeout=PATIENCE))
        wait_until(has_had_one, "a message")
        call = Background(lambda: caller.call("hold"))
        before.diary.wait_for("held")
        serving.stop(timeout=0)
        with after.served_by(face):
            raises(ClosedByPeer, call.result)
            raises(ClosedByPeer, lambda: stream.receive(timeout=PATIENCE))
            raises(ClosedByPeer, lambda: _take_all(topic))
            clients.close()


def _take_all(topic: ItemsUnderTest) -> None:
    while True:
        assert topic.receive(timeout=PATIENCE) == 7


@ending_claims.claim
def a_server_that_is_stopped_lets_calls_finish(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with of_claims.served_by(face) as serving, face.connect(ADDRESS) as client, face.connect(ADDRESS) as other:
        subscription = other.subscribe("latest")
        call = Background(lambda: client.call("hold", timeout=FOREVER))
        of_claims.diary.wait_for("held")
        with Background(lambda: serving.stop(timeout=FOREVER)):
            wait_until(lambda: not _accepts(face), "the server to close its door")
            assert not call.is_done
            of_claims.gate.set()
            assert call.result() == "released"
        raises(ClosedByPeer, lambda: subscription.receive(timeout=PATIENCE))


@ending_claims.claim
def a_server_that_is_stopped_lets_streams_finish_that_wait_for_their_receivers(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with of_claims.served_by(face) as serving, contextlib.ExitStack() as clients:
        stream = clients.enter_context(face.connect(ADDRESS)).stream("lines", *_MORE_THAN_IS_SENT_AHEAD)
        next(stream)
        with Background(lambda: serving.stop(timeout=FOREVER)):
            wait_until(lambda: not _accepts(face), "the server to close its door")
            assert 1 + sum(1 for _ in stream) == _MORE_THAN_IS_SENT_AHEAD[0]


@ending_claims.claim
def without_being_told_to_a_client_does_not_connect_again(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with contextlib.ExitStack() as clients:
        with of_claims.served_by(face):
            client = clients.enter_context(face.connect(ADDRESS))
            assert client.call("add", 2, 3) == 5

        def is_told() -> bool:
            with contextlib.suppress(ClosedByPeer):
                return bool(client.call("add", 2, 3) != 5)
            return True

        with of_claims.served_by(face):
            # What is between, over a bus, may be told later than the next one serves.
            wait_until(is_told, "its connection to end")
            raises(ClosedByPeer, lambda: client.call("add", 2, 3))
            assert client.stats().connections == 1


@ending_claims.claim
def a_client_finds_a_server_that_was_started_again(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with contextlib.ExitStack() as clients:
        with of_claims.served_by(face):
            client = clients.enter_context(face.connect(ADDRESS, reconnect=True))
            assert client.call("add", 2, 3) == 5
        for number in range(_AGAIN):
            raises(DeadlinePassed, lambda: client.call("add", 2, 3, timeout=_SOON))
            waiting = [Background(client.call, "add", number, 3) for _ in range(3)]
            with of_claims.served_by(face):
                assert [each.result() for each in waiting] == [number + 3] * 3
        with of_claims.served_by(face):
            client.notify("note", "found")
            of_claims.diary.wait_for("found")
        assert client.stats().connections == 2 + _AGAIN


@ending_claims.claim
def a_call_whose_connection_was_lost_is_repeated_where_that_does_no_harm(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with contextlib.ExitStack() as clients:
        with of_claims.served_by(face) as serving:
            client = clients.enter_context(face.connect(ADDRESS, reconnect=True))
            stream, topic = client.stream("drip"), client.subscribe("latest")
            assert next(stream) == 1
            once = Background(lambda: client.call("hold", timeout=FOREVER))
            again = Background(lambda: client.call("hold_repeatable", timeout=FOREVER))
            of_claims.diary.wait_for("held", "held")
            once.wait_until_waiting()
            again.wait_until_waiting()
            serving.stop(timeout=0)
            of_claims.diary.wait_for("cancelled", "cancelled", "closed")
        with of_claims.served_by(face):
            raises(ClosedByPeer, once.result)
            raises(ClosedByPeer, lambda: stream.receive(timeout=PATIENCE))
            raises(ClosedByPeer, lambda: topic.receive(timeout=PATIENCE))
            of_claims.diary.wait_for("held", "held", "held")
            assert not again.is_done
            of_claims.gate.set()
            assert again.result() == "released"
            assert client.call("add", 2, 3) == 5
        assert of_claims.diary.notes.count("held") == 3
        assert of_claims.diary.notes.count("closed") == 1


@ending_claims.claim
def a_call_that_loses_its_connection_each_time_is_not_repeated_for_ever(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with contextlib.ExitStack() as clients:
        with of_claims.served_by(face) as serving:
            client = clients.enter_context(face.connect(ADDRESS, reconnect=True))
            deadly = Background(lambda: client.call("hold_repeatable", timeout=FOREVER))
            of_claims.diary.wait_for("held")
            serving.stop(timeout=0)
        for attempt in range(2, MOST_ATTEMPTS + 1):
            with of_claims.served_by(face) as serving:
                of_claims.diary.wait_for(*["held"] * attempt)
                serving.stop(timeout=0)
        error = raises(ClosedByPeer, deadly.result)
        assert error.attempts == MOST_ATTEMPTS
        assert f"made {MOST_ATTEMPTS} times" in str(error)
        with of_claims.served_by(face):
            assert client.call("add", 2, 3) == 5
        assert of_claims.diary.notes.count("held") == MOST_ATTEMPTS


@ending_claims.claim
def a_call_that_was_given_up_is_not_repeated(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with contextlib.ExitStack() as clients:
        with of_claims.served_by(face) as serving:
            client = clients.enter_context(face.connect(ADDRESS, reconnect=True))
            late = _held_for_a_moment(client, of_claims)
            serving.stop(timeout=0)
        raises(DeadlinePassed, late.result)
        held = of_claims.diary.notes.count("held")
        with of_claims.served_by(face):
            assert client.call("add", 2, 3) == 5
        assert of_claims.diary.notes.count("held") == held


def _held_for_a_moment(client: ClientUnderTest, of_claims: ServiceOfClaims) -> Background[object]:
    """Make a call whose time is soon over, again where that comes before it has begun."""
    while True:
        late: Background[object] = Background(lambda: client.call("hold_repeatable", timeout=4 * _SOON))
        wait_until(lambda late=late: late.is_done or "held" in of_claims.diary.notes)  # type: ignore[misc]
        if "held" in of_claims.diary.notes:
            return late
        raises(DeadlinePassed, late.result)


@ending_claims.claim
def closing_the_client_ends_its_search_for_a_server(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with contextlib.ExitStack() as clients:
        with of_claims.served_by(face):
            client = clients.enter_context(face.connect(ADDRESS, reconnect=True))
        searching = [Background(lambda: client.call("add", 2, 3, timeout=FOREVER)) for _ in range(3)]
        raises(DeadlinePassed, lambda: client.call("add", 2, 3, timeout=_SOON))
        client.close()
        for each in searching:
            raises(ClosedByUs, each.result)


def _accepts(face: ServiceFace) -> bool:
    try:
        with face.connect(ADDRESS, timeout=PATIENCE):
            return True
    except LocalSocketError:
        return False
