"""A fake has the interface of a service, holds its callers and its answers to it, and says what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol

import msgspec
import pytest

from localsocket import Client
from localsocket.errors import BadArguments, BadResult, CallFailed, NoSuchMethod
from localsocket.services.description import ServiceDescription
from localsocket.testing import FakeCall, FakeService, serving
from testing.orders import Order, OutOfStock, orders


class Stock(Protocol):
    def left(self, item: str) -> int: ...


class Orders(Protocol):
    @property
    def stock(self) -> Stock: ...

    def total(self, order: Order, price: int = 5) -> int:
        """What it costs."""

    def count(self, n: int) -> Iterator[int]: ...


class AsyncOrders(Protocol):
    async def total(self, order: Order, price: int = 5) -> int: ...

    def count(self, n: int) -> AsyncIterator[int]: ...


def described() -> ServiceDescription:
    """What the real service tells of itself, as a file of it would."""
    with serving(orders()) as client:
        return msgspec.json.decode(msgspec.json.encode(client.describe()), type=ServiceDescription)


@pytest.fixture(params=["class", "async class", "description"])
def fake(request: pytest.FixtureRequest) -> FakeService:
    if request.param == "description":
        return FakeService(described())
    return FakeService(Orders if request.param == "class" else AsyncOrders, name="orders", errors=[OutOfStock])


def test_a_fake_answers_what_the_test_says(fake: FakeService) -> None:
    fake.answer("total", 12)
    fake.answer("count", [7, 8])
    with serving(fake.service) as client:
        assert client.call("total", Order("tea")) == 12
        assert list(client.stream("count", 9)) == [7, 8]
        fake.answer("total", lambda order, price=5: order.count * price + 1)
        assert client.call("total", Order("tea", 2)) == 11
    assert fake.service.name == "orders"


def test_a_fake_tells_what_it_was_asked_with_defaults(fake: FakeService) -> None:
    fake.answer("total", 1)
    with serving(fake.service) as client:
        client.call("total", Order("tea", 2))
        client.call("total", order={"item": "tea"}, price=3)
    assert [(call.method, call.arguments["price"]) for call in fake.calls] == [("total", 5), ("total", 3)]
    assert [call.arguments["order"].count for call in fake.calls] == [2, 1]


def test_a_wrong_call_is_refused_and_not_noted(fake: FakeService) -> None:
    fake.answer("total", 1)
    with serving(fake.service) as client:
        for arguments in [(), ("tea",), (Order("tea"), "much"), (Order("tea"), 1, 2)]:
            with pytest.raises(BadArguments):
                client.call("total", *arguments)
        with pytest.raises(NoSuchMethod):
            client.call("totl")
    assert fake.calls == []


def test_an_answer_that_does_not_fit_reaches_nobody(fake: FakeService) -> None:
    fake.answer("total", "much")
    with serving(fake.service) as client, pytest.raises(CallFailed) as failed:
        client.call("total", Order("tea"))
    assert "total" in failed.value.details


def test_a_fake_raises_what_the_test_says(fake: FakeService) -> None:
    error: Any = fake.errors["OutOfStock"](3)
    error.missing = 3
    fake.answer("total", error)
    with serving(fake.service, errors=[OutOfStock]) as client, pytest.raises(OutOfStock) as short:
        client.call("total", Order("tea"))
    assert short.value.missing == 3


def test_an_error_of_a_description_may_be_the_tests_own() -> None:
    fake = FakeService(described(), errors=[OutOfStock])
    fake.answer("total", OutOfStock(3))
    with serving(fake.service) as client, pytest.raises(OutOfStock):
        client.call("total", Order("tea"))


def test_what_no_test_has_said_fails_and_tells_what_to_say(fake: FakeService) -> None:
    with serving(fake.service) as client, pytest.raises(CallFailed) as failed:
        client.call("total", Order("tea"))
    assert "fake.answer('total', ...)" in failed.value.details


def test_an_answer_to_what_is_not_there_is_told_with_what_is(fake: FakeService) -> None:
    with pytest.raises(ValueError, match="total"):
        fake.answer("totl", 1)
    with pytest.raises(ValueError, match="no topic 'sold_out'"):
        fake.publish("sold_out", 1)


def test_a_fake_is_served_in_a_loop_too(fake: FakeService) -> None:
    async def main() -> Any:
        fake.answer("total", 12)
        async with serving(fake.service) as client:
            return await client.call("total", Order("tea"))

    assert asyncio.run(main()) == 12


def test_methods_of_parts_are_called_by_their_whole_names() -> None:
    fake = FakeService(Orders)
    fake.answer("stock.left", lambda item: len(item))
    with serving(fake.service) as client:
        assert client.typed(Orders).stock.left("tea") == 3
    assert fake.calls == [FakeCall("stock.left", {"item": "tea"})]


def test_a_fake_publishes_on_the_topics_that_are_described_or_named() -> None:
    for fake in (FakeService(described()), FakeService(Orders, topics={"sold": Order})):
        with serving(fake.service) as client, client.subscribe("sold", Order) as sold:
            with pytest.raises(BadResult, match="sold"):
                fake.publish("sold", "tea")
            fake.publish("sold", Order("tea", 2))
            assert sold.receive(timeout=60) == Order("tea", 2)


def test_a_fake_of_a_description_says_of_itself_what_the_service_says() -> None:
    real, made = described(), FakeService(described())
    with serving(made.service) as client:
        told = client.describe()
    assert [(each.name, each.type) for each in told.topics] == [(each.name, each.type) for each in real.topics]
    assert {each.name: (each.signature, each.idempotent) for each in told.methods} == {
        each.name: (each.signature, each.idempotent) for each in real.methods
    }
    assert {each.name: each.parameters for each in told.methods} == {
        each.name: each.parameters for each in real.methods
    }


def test_a_client_of_a_fake_is_any_client() -> None:
    fake = FakeService(Orders, name="demo.orders")
    fake.answer("total", 2)
    with serving(fake.service, "demo.orders"), Client("demo.orders") as client:
        assert client.typed(Orders).total(Order("tea")) == 2
