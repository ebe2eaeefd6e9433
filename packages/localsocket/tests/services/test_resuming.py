"""Subscriptions outlast their connections and servers, and messages that are missing do not go unnoticed."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import Iterator
from typing import Any

import pytest

from contracts import AioFace, ServiceFace, ServingInThread
from contracts.subjects import SubscriptionUnderTest
from localsocket import CallLimits, Client, Gap, Service, aio, listen, log_thinning
from localsocket._core import AnsweredCall
from localsocket.errors import BadResult, DeadlinePassed
from localsocket.services.client_core import ClientCore
from localsocket.services.following import Following
from localsocket.services.method import SUBSCRIBE_NUMBERED
from localsocket.services.topic import Topic
from localsocket.testing import FOREVER, PATIENCE, Background, wait_until
from localsocket.wire.caller import OpenCall
from localsocket.wire.numbered_items import encode_beginning, encode_numbered
from programs import Program
from services.conftest import ADDRESS, Serve
from services.test_reconnecting import ScriptedConnection, ScriptedServer

LOOP_KINDS = ["uvloop"]
LOGGER = "localsocket.services"
QUEUE = 2
ONE_BY_ONE = CallLimits(stream=1)
SOON = 0.05
FEW = 20


class Publishing:
    def __init__(self) -> None:
        self.service = Service("publishing")
        self.news: Topic = self.service.topic("news", int, queue=QUEUE)

    def publish(self, *numbers: int) -> None:
        for number in numbers:
            self.news.publish(number)


# --- a server that is killed ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def started(kind: str) -> Iterator[Program]:
    """Start a server that publishes 1, 2, 3 and so on without end; it is killed afterwards."""
    program = Program("serve_calls.py", kind, ADDRESS)
    try:
        assert program.read() == {"serving": ADDRESS}
        yield program
    finally:
        program.close()


@pytest.fixture
def name_is_free_again() -> Iterator[None]:
    """A killed server cannot remove its socket; the next one does."""
    yield
    with listen(ADDRESS):
        pass


def check_resumed(seen: list[int | Gap], times: int) -> None:
    """Of each server some messages came, in order and none twice, and each that is missing was told."""
    unknown = Gap("ticks", None)
    lives = [list(life) for is_gap, life in itertools.groupby(seen, lambda each: each == unknown) if not is_gap]
    assert seen.count(unknown) == times
    assert len(lives) == times + 1
    for life in lives:
        last = life[0]
        assert isinstance(last, int)
        for each in life[1:]:
            if isinstance(each, int):
                assert each == last + 1, seen
                last = each
            else:
                assert each.missing
                last += each.missing


@pytest.mark.long
@pytest.mark.usefixtures("name_is_free_again")
def test_a_subscription_goes_on_with_the_servers_that_follow_a_killed_one() -> None:
    seen: list[int | Gap] = []
    with contextlib.closing(Client(ADDRESS, reconnect=True, timeout=PATIENCE)) as client:
        for kind in ("plain", "async", "plain"):
            with started(kind):
                if not seen:
                    subscription = client.subscribe("ticks", int, resume=True, on_gap=seen.append)
                seen += itertools.islice(subscription, FEW)
        check_resumed(seen, 2)


@pytest.mark.long
@pytest.mark.usefixtures("name_is_free_again")
async def test_a_subscription_of_a_task_goes_on_with_the_servers_that_follow_a_killed_one() -> None:
    seen: list[int | Gap] = []
    client = aio.Client(ADDRESS, reconnect=True, timeout=PATIENCE)
    subscription = client.subscribe("ticks", int, resume=True, on_gap=seen.append)
    for kind in ("plain", "async", "plain"):
        with started(kind):
            for _ in range(FEW):  # one by one, since a gap may be told amid them
                seen.append(await anext(subscription))  # noqa: PERF401
    await client.close()
    check_resumed(seen, 2)


# --- gaps -------------------------------------------------------------------------------------------------------------


def test_gaps_are_logged_where_nobody_is_told_of_them(
    serve: Serve, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_thinning, "EVERY", FOREVER)
    publishing = Publishing()
    with serve(publishing.service), Client(ADDRESS, limits=ONE_BY_ONE) as client:
        subscription = client.subscribe("news")
        for begin in (0, 100, 200):
            publishing.publish(*range(begin, begin + 50))
            while subscription.receive(timeout=PATIENCE) != begin + 49:
                pass
    messages = [record.getMessage() for record in caplog.records if record.name == LOGGER]
    assert messages == [f"the subscription to 'news' at {ADDRESS!r} has missed 48 messages (48 so far)"]
    assert subscription.lost > 48


async def test_what_a_task_is_told_of_a_gap_is_awaited() -> None:
    publishing = Publishing()
    told: list[Gap] = []

    async def tell(gap: Gap) -> None:
        await asyncio.sleep(0)
        told.append(gap)

    async with (
        aio.serve(ADDRESS, publishing.service),
        aio.Client(ADDRESS, limits=ONE_BY_ONE) as client,
        client.subscribe("news", on_gap=tell) as subscription,
    ):
        publishing.publish(1, 2, 3, 4)
        assert await subscription.receive(timeout=PATIENCE) == 3
        assert told == [Gap("news", 2)]


def test_a_coroutine_function_is_refused_where_nobody_would_await_it(serve: Serve) -> None:
    async def tell(_: Gap) -> None: ...

    publishing = Publishing()
    with serve(publishing.service), Client(ADDRESS) as client:
        with pytest.raises(TypeError, match="plain function"):
            client.subscribe("news", on_gap=tell)
        assert publishing.news.subscribers == 0


def following() -> Following:
    """Return what a subscription knows of which numbers 6 and so on follow."""
    begun = Following("news", int, ClientCore(ADDRESS), resumes=False, on_gap=None)
    begun.has_begun(OpenCall(SUBSCRIBE_NUMBERED, 1, b"", 0))
    begun.take_in(encode_beginning(5, b"life"))
    return begun


@pytest.mark.parametrize("item", [b"", b"\x07", b"\xc1", b"\x91\x06", encode_numbered(5, b"\x01"), b"\x92\xff\x01"])
def test_a_peer_that_numbers_wrongly_is_told_of_and_not_believed(item: bytes) -> None:
    begun = following()
    with pytest.raises(BadResult):
        begun.take_in(item)
    assert not begun.has_message
    assert begun.lost == 0
    begun.take_in(encode_numbered(6, b"\x2a"))
    assert begun.take_message() == 42


def test_a_forked_child_does_not_pass_its_numbers_off_as_its_parents() -> None:
    topic = Publishing().news
    before = topic._life
    receiving, sending = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(sending, topic._life)
        os._exit(0)
    os.waitpid(pid, 0)
    in_child = os.read(receiving, 100)
    os.close(receiving)
    os.close(sending)
    assert in_child
    assert in_child != before == topic._life != Publishing().news._life


# --- a server that does not answer ------------------------------------------------------------------------------------


@pytest.fixture(params=["blocking", "aio"])
def clients(request: pytest.FixtureRequest) -> Iterator[ServiceFace]:
    if request.param == "blocking":
        yield ServingInThread(is_async=False)
        return
    with AioFace() as face:
        yield ServingInThread(is_async=False, clients=face)


def _asked_again(
    server: ScriptedServer, subscription: SubscriptionUnderTest
) -> tuple[ScriptedConnection, AnsweredCall]:
    """Have it asked for by a receive() whose time is soon over, and again where that comes before it has greeted."""
    while True:
        asking = Background(lambda: subscription.receive(timeout=SOON))
        connection = server.accept()
        with pytest.raises(DeadlinePassed):
            asking.result()
        if not connection.socket.wait_disconnected(0):
            return connection, connection.next_call()
        connection.close()


def test_a_subscription_that_is_not_answered_in_time_stays_asked_for(clients: ServiceFace) -> None:
    seen: list[int | Gap] = []
    with ScriptedServer() as server, contextlib.ExitStack() as closing:

        def subscribe() -> SubscriptionUnderTest:
            client = closing.enter_context(clients.connect(ADDRESS, reconnect=True))
            return client.subscribe("news", int, resume=True, on_gap=seen.append)

        subscribing = Background(subscribe)
        first = server.accept()
        first.give(first.next_call(), encode_beginning(5, b"life"), encode_numbered(6, b"\x01"))
        subscription = subscribing.result()
        seen.append(subscription.receive(timeout=PATIENCE))
        first.close()
        second, call = _asked_again(server, subscription)
        for _ in range(2):
            with pytest.raises(DeadlinePassed):
                subscription.receive(timeout=SOON)
        second.give(call, encode_beginning(8, b"life"), encode_numbered(9, b"\x02"))
        seen.append(subscription.receive(timeout=PATIENCE))
        assert seen == [1, Gap("news", 2), 2]
        closing.close()
        assert second.has_no_more()
        second.close()


# --- beginning and end ------------------------------------------------------------------------------------------------


def test_the_time_for_subscribing_is_for_connecting_too() -> None:
    client = Client(ADDRESS, wait_for_server=True, timeout=FOREVER)
    with contextlib.closing(client), pytest.raises(DeadlinePassed):
        client.subscribe("news", timeout=SOON)


def test_a_subscription_that_is_dropped_is_over(serve: Serve) -> None:
    publishing = Publishing()
    with serve(publishing.service), Client(ADDRESS, reconnect=True) as client:
        subscription = client.subscribe("news", resume=True)
        assert publishing.news.publish(1) == 1
        del subscription
        assert client.call("localsocket.describe", timeout=PATIENCE)  # with which that is sent
        wait_until(lambda: not publishing.news.subscribers, "it to be over")


async def test_a_subscription_that_a_task_drops_is_over() -> None:
    publishing = Publishing()
    async with aio.serve(ADDRESS, publishing.service), aio.Client(ADDRESS, reconnect=True) as client:
        subscription: Any = await client.subscribe("news", resume=True)
        assert publishing.news.publish(1) == 1
        del subscription
        while publishing.news.subscribers:
            await asyncio.sleep(0.001)
