"""A peer that sends keys which were made to have one hash costs its own call, on services and on clients alike."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from localsocket import Client, MessageSocket, Service, connect, listen
from localsocket.errors import BadArguments, BadResult, LocalSocketError, PeerBrokeProtocol
from localsocket.testing import PATIENCE
from services.conftest import ADDRESS, Serve

FLOOD = dict.fromkeys(itertools.product((-1, -2), repeat=9))  # 512 keys of one hash


class Refused(Exception):
    pass


def flooded() -> Service:
    service = Service("demo.flooded", errors=[Refused])
    service.method(lambda value: None, name="anything")

    @service.method
    def typed(a: int, b: int = 2) -> int:
        return a + b

    @service.method
    def named(*, value: dict[str, Any]) -> None: ...

    @service.method
    def give() -> Any:
        return FLOOD

    @service.method
    def give_many() -> Any:
        yield FLOOD

    @service.method
    def refuse() -> None:
        raise Refused(FLOOD)

    service.topic("news")
    return service


@pytest.fixture
def service(serve: Serve) -> Any:
    made = flooded()
    with serve(made):
        yield made


CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("anything", (FLOOD,), {}),
    ("anything", ([FLOOD],), {}),
    ("anything", (), {"value": FLOOD}),
    ("named", (), {"value": {"x": FLOOD}}),
    ("typed", (1, FLOOD), {}),
    ("typed", (FLOOD, 2), {}),
    ("typed", (1, 2, FLOOD), {}),
    ("typed", (1,), {"b": FLOOD}),
    ("typed", (1,), {"c": FLOOD}),
    ("localsocket.describe", (FLOOD,), {}),
    ("localsocket.subscribe", (FLOOD,), {}),
]


@pytest.mark.parametrize(("method", "arguments", "named"), CALLS)
def test_arguments_with_a_flood_are_refused_and_the_service_goes_on(
    service: Service, method: str, arguments: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with Client(ADDRESS) as client:
        with pytest.raises(BadArguments):
            client.call(method, *arguments, **named)
        assert client.call("typed", 1) == 3
        client.notify(method, *arguments, **named)
        assert client.call("typed", 1) == 3


def test_a_result_with_a_flood_costs_its_call_alone(service: Service) -> None:
    with Client(ADDRESS) as client:
        with pytest.raises(BadResult, match="keys have the same hash"):
            client.call("give")
        with pytest.raises(BadResult, match="keys have the same hash"):
            list(client.stream("give_many"))
        assert client.call("typed", 1) == 3


def test_a_message_of_a_topic_with_a_flood_is_refused(service: Service) -> None:
    with Client(ADDRESS) as client, client.subscribe("news") as news:
        service._topics["news"].publish(FLOOD)
        with pytest.raises(BadResult, match="keys have the same hash"):
            news.receive(timeout=PATIENCE)


def test_a_failure_with_a_flood_is_refused(service: Service) -> None:
    with Client(ADDRESS) as client, pytest.raises(LocalSocketError):
        client.call("refuse")


def test_a_message_with_a_flood_is_refused_by_who_receives_it(runtime_directory: Any) -> None:
    with (
        listen(ADDRESS) as server,
        connect(ADDRESS) as near,
        server.accept(timeout=PATIENCE) as far,
        MessageSocket(near) as sender,
        MessageSocket(far) as receiver,
    ):
        sender.send(FLOOD, timeout=PATIENCE)
        with pytest.raises(PeerBrokeProtocol, match="keys have the same hash"):
            receiver.receive(timeout=PATIENCE)
