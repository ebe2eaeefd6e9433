"""Our client calls by varlink: services of this package, and those that are not, with asyncvarlink as the oracle."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import pytest

import localsocket
from contracts import AioFace, ServingInThread
from contracts.subjects import ClientUnderTest
from localsocket import CallLimits, Client, ServerThread, aio
from localsocket.errors import (
    BadArguments,
    BadResult,
    CallFailed,
    DeadlinePassed,
    NoSuchMethod,
    NotAllowed,
    PeerBrokeProtocol,
    RemoteError,
    UnsuitableMessage,
    Unsupported,
)
from localsocket.testing import PATIENCE, Background, wait_until
from localsocket.wire.greeting import Greeting
from localsocket.wire.varlink_caller import VarlinkCaller
from services.conftest import ADDRESS
from services.varlink_peers import Item, NotFound, Shop, shop

Connect = Callable[..., AbstractContextManager[ClientUnderTest]]


@pytest.fixture(params=["blocking", "asyncio"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Connect a client of one API that speaks varlink."""

    def connected(faces: ServingInThread) -> Connect:
        def connect(address: str = ADDRESS, **options: Any) -> AbstractContextManager[ClientUnderTest]:
            return faces.connect(address, **{"timeout": PATIENCE, "protocol": "varlink", **options})

        return connect

    if request.param == "blocking":
        yield connected(ServingInThread(is_async=False))
        return
    with AioFace() as face:
        yield connected(ServingInThread(is_async=False, clients=face))


# --- services of this package -----------------------------------------------------------------------------------------


@pytest.fixture
def served() -> Iterator[Shop]:
    service = shop()
    with ServerThread(ADDRESS, service, protocols=["varlink"]):
        yield service
        service.may_go_on.set()


def test_a_client_calls_by_varlink_as_by_our_protocol(served: Shop, connect: Connect) -> None:
    with connect(errors=[NotFound]) as client:
        assert client.call("add", a=2, b=3) == 5
        assert client.call("Add", a=2) == 3
        assert client.call("demo.shop.Add", a=2) == 3
        assert client.call("take_one", name="tea")["colour"] == "red"
        assert client.call("note", number=4) is None
        assert client.call("echo", value={"x": [1, None]}) == {"x": [1, None]}
        with closing(client.stream("count", to=3)) as items:
            assert list(items) == [0, 1, 2]
        with closing(client.stream("count", to=0)) as items:
            assert list(items) == []
        client.notify("note", number=5)
        wait_until(lambda: served.noted == [4, 5])
        assert client.stats().connections == 1


def test_a_typed_proxy_gives_by_varlink_what_its_class_says(connect: Connect) -> None:
    service = localsocket.Service("demo.typed")
    service.method(_give_parcels, name="parcels")
    service.method(_weigh, name="weigh")
    service.method(_weigh, name="deep.weigh")
    with ServerThread(ADDRESS, service), connect() as client:
        typed = client.typed(Typed)
        assert (
            typed.deep.weigh({}) == client.call("deep.weigh", parcels={}) == client.call("DeepWeigh", parcels={}) == {}
        )
        assert list(typed.parcels(2)) == [Parcel(b"\0\1", date(2020, 2, day)) for day in (1, 2)]
        assert typed.weigh({7: b"abc"}, by=0.5) == {7: 1.5}
        assert client.call("weigh", parcels={7: b"abc"}) == {"7": 3.0}
        with pytest.raises(TypeError):
            typed.weigh({}, 1.0, 2.0)  # type: ignore[call-arg]
        with pytest.raises(BadResult) as wrong:
            client.typed(Lying).weigh({7: b"abc"})
        assert (wrong.value.method, wrong.value.path) == ("weigh", "the result[...]")


@dataclass
class Parcel:
    content: bytes
    sent: date


class Typed(Protocol):
    def parcels(self, to: int) -> Iterator[Parcel]: ...
    def weigh(self, parcels: dict[int, bytes], by: float = 1.0) -> dict[int, float]: ...

    @property
    def deep(self) -> Lying: ...


class Lying(Protocol):
    def weigh(self, parcels: dict[int, bytes]) -> dict[int, str]: ...


def _give_parcels(to: int) -> Iterator[Parcel]:
    for day in range(to):
        yield Parcel(b"\0\1", date(2020, 2, 1 + day))


def _weigh(parcels: dict[int, bytes], by: float = 1.0) -> dict[int, float]:
    return {number: by * len(content) for number, content in parcels.items()}


def test_errors_of_varlink_are_those_of_our_protocol(served: Shop, connect: Connect) -> None:
    with connect(errors=[NotFound]) as client:
        with pytest.raises(NotFound, match="there is no 'tea'") as raised:
            client.call("find", name="tea")
        assert (raised.value.name, raised.value.tried, raised.value.args) == ("tea", 2, ("there is no 'tea'",))
        for method, named, error in (
            ("gone", {}, NoSuchMethod),
            ("demo.other.Gone", {}, NoSuchMethod),
            ("add", {"a": "x"}, BadArguments),
            ("count", {"to": 1}, BadArguments),
            ("forbidden", {}, NotAllowed),
            ("fail", {}, CallFailed),
        ):
            with pytest.raises(error):
                client.call(method, **named)
        assert client.stats().connections == 1
    with connect() as client, pytest.raises(RemoteError) as remote:
        client.call("find", name="tea")
    assert (remote.value.name, remote.value.attributes) == ("NotFound", {"name": "tea", "tried": 2})


def test_what_varlink_has_not_is_refused_before_anything_is_sent(served: Shop, connect: Connect) -> None:
    with connect() as client:
        with pytest.raises(UnsuitableMessage, match=r"by name: add\(name=2\)"):
            client.call("add", 2)
        for unsuitable in (object(), 2**64, math.nan, {"x": [math.inf, None]}, {1: 2, "1": 3}):
            with pytest.raises(UnsuitableMessage):
                client.call("echo", value=unsuitable)
        with pytest.raises(Unsupported, match="GetInterfaceDescription"):
            client.describe()
        with pytest.raises(Unsupported, match="prefetch"), closing(client.stream("count", to=1, prefetch=1)) as items:
            next(iter(items))
        assert client.call("add", a=1) == 2
        assert served.stats().calls == 2  # the first was GetInfo


def test_a_call_that_is_given_up_costs_its_connection_and_the_next_makes_another(
    served: Shop, connect: Connect
) -> None:
    with connect() as client:
        with pytest.raises(DeadlinePassed):
            client.call("hold", timeout=0.05)
        served.may_go_on.set()
        assert client.call("add", a=1, timeout=PATIENCE) == 2
        with closing(client.stream("count", to=10**9)) as items:
            assert next(iter(items)) == 0
        assert client.call("add", a=1, timeout=PATIENCE) == 2
        assert client.stats().connections == 3


def test_messages_of_a_topic_come_as_a_stream_which_is_given_up_with_its_connection(
    served: Shop, connect: Connect
) -> None:
    with connect() as client:
        with closing(client.stream("subscribe_ticks")) as messages:
            taken = iter(messages)
            publishing = Background(_publish_when_heard, served)
            assert next(taken)["name"] == "tea"
            publishing.result()
        assert client.call("add", a=1, timeout=PATIENCE) == 2
        wait_until(lambda: served.ticks.subscribers == 0)


def _publish_when_heard(service: Shop) -> None:
    wait_until(lambda: service.ticks.subscribers == 1)
    service.ticks.publish(Item("tea"))


def test_a_stream_goes_no_further_than_its_reader(connect: Connect) -> None:
    service = shop(limits=CallLimits(unsent=20_000))
    with (
        ServerThread(ADDRESS, service),
        connect(limits=CallLimits(stream=20_000)) as client,
        closing(client.stream("count", to=5_000, size=1000)) as items,
    ):
        reading = iter(items)
        next(reading)
        wait_until(lambda: service.stats().bytes_unsent >= 20_000)
        with Client(ADDRESS, timeout=PATIENCE) as other:
            for number in range(500):  # so that both loops have had many turns to go on
                assert other.call("add", number, timeout=PATIENCE) == number + 1
        assert service.made < 3_000
        assert sum(1 for _ in reading) == 4_999


def test_a_client_that_reconnects_finds_a_service_that_is_back(connect: Connect) -> None:
    with ServerThread(ADDRESS, shop()):
        connection = connect(reconnect=True)
        client = connection.__enter__()
        assert client.call("add", a=1) == 2
    with ServerThread(ADDRESS, shop()):
        assert client.call("add", a=2) == 3
        assert client.stats().connections == 2
        connection.__exit__(None, None, None)


@pytest.mark.parametrize("kind", [Client, aio.Client])
def test_a_protocol_that_a_client_does_not_speak_is_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match="did you mean 'varlink'"):
        kind(ADDRESS, protocol="varlnk")
    with pytest.raises(ValueError, match="one of localsocket, varlink"):
        kind(ADDRESS, protocol="http")


# --- services that are none of this package ---------------------------------------------------------------------------


@pytest.fixture
def foreign() -> Iterator[Any]:
    pytest.importorskip("asyncvarlink")
    from services.foreign_service import foreign_service

    path = os.fspath(localsocket.parse_address("foreign").location)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with foreign_service(path) as service:
        yield service


def test_a_client_calls_a_service_that_is_none_of_ours(foreign: Any, connect: Connect) -> None:
    with connect("foreign") as client:
        assert client.call("Ping", ping="x") == {"pong": "x"}
        assert client.call("org.example.Foreign.AddUp", numbers=[1, 2], start=3) == 6
        assert client.call("add_up", numbers=[]) == 0
        assert client.call("org.varlink.service.GetInfo")["product"] == "foreign"
        with closing(client.stream("count", to=3)) as items:
            assert list(items) == [{"number": 0}, {"number": 1}, {"number": 2}]
        client.notify("note", text="hello")
        assert client.call("note", text="again") is None
        wait_until(lambda: foreign.noted == ["hello", "again"])
        with pytest.raises(RemoteError) as broken:
            client.call("break")
        assert (broken.value.name, broken.value.attributes) == ("Broken", {"part": "axle"})
        with pytest.raises(BadArguments):
            client.call("Ping", ping=1)
        with pytest.raises(NoSuchMethod):
            client.call("Pong")
        with pytest.raises(BadArguments, match=r"client\.stream\(\)"):
            client.call("count", to=3)
        assert client.stats().connections == 1


# --- who is no varlink service ----------------------------------------------------------------------------------------

INFO = b'{"parameters":{"product":"x","interfaces":["a.b"]}}\0'


def new_caller(*, is_greeted: bool = True) -> VarlinkCaller:
    caller = VarlinkCaller(Greeting(role="client", max_message=1000, stream_window=100))
    assert caller.opening() == b'{"method":"org.varlink.service.GetInfo"}\0'
    if is_greeted:
        caller.feed(INFO)
    return caller


@pytest.mark.parametrize(
    "said",
    [
        b"\0",
        b"HTTP/1.1 400 Bad Request\0",
        b'{"error":"org.varlink.service.MethodNotFound"}\0',
        b'{"parameters":{"interfaces":7}}\0',
        b'{"parameters":[]}\0',
        b"x" * 1001,
    ],
)
def test_who_does_not_tell_what_it_is_is_no_service(said: bytes) -> None:
    with pytest.raises(PeerBrokeProtocol):
        new_caller(is_greeted=False).feed(said)


@pytest.mark.parametrize(
    "said",
    [
        b'{"parameters":{},"continues":true}\0',
        b'{"parameters":{"result":1}}\0{"parameters":{"result":2}}\0',
        b'{"parameters":{"result":99999999999999999999}}\0',
        b'{"parameters":{"a":1,"a":2}}\0',
        b'{"parameters":{"result":"\xff"}}\0',
        b'{"parameters":' + b'{"a":' * 150 + b"\0",
        b'{"error":7}\0',
    ],
)
def test_who_answers_otherwise_than_it_should_breaks_the_protocol(said: bytes) -> None:
    caller = new_caller()
    caller.begin("one", None, ())
    with pytest.raises(PeerBrokeProtocol):
        caller.feed(said)


def test_replies_are_read_however_they_are_cut() -> None:
    data = INFO + b'{"parameters":{"result":7}}\0'
    caller = new_caller(is_greeted=False)
    for byte in INFO:
        caller.feed(bytes([byte]))
    call = caller.begin("take_one", None, (), {"a": 1})
    assert call.frame == b'{"method":"a.b.TakeOne","parameters":{"a":1}}\0'
    assert not caller.has_room
    for byte in data[len(INFO) :]:
        caller.feed(bytes([byte]))
    assert (call.is_over, call.body, caller.has_room) == (True, b"7", True)


def test_a_method_is_called_with_its_interface_where_there_are_several() -> None:
    caller = new_caller(is_greeted=False)
    caller.feed(b'{"parameters":{"interfaces":["a.b","a.c","org.varlink.service"]}}\0')
    with pytest.raises(Unsupported, match=r"several: 'a\.b', 'a\.c'"):
        caller.begin("one", None, ())
    assert caller.begin("a.c.One", None, ()).frame == b'{"method":"a.c.One","parameters":{}}\0'
