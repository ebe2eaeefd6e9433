"""A service for the tests of what helps to test services: of every kind of method, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from localsocket import Service, current_call


class OutOfStock(Exception):
    """There is not enough."""

    missing: int

    def __init__(self, missing: int) -> None:
        super().__init__(missing)
        self.missing = missing


class Closed(Exception):
    """Nobody is there."""


@dataclass
class Order:
    item: str
    count: int = 1
    notes: list[str] = field(default_factory=list)


def orders(*, is_async: bool = False) -> Service:
    """Return the service; its methods are coroutine functions and async generators if it `is_async`."""
    service = Service("orders", version="1", errors=[OutOfStock])
    (_add_async if is_async else _add_plain)(service)
    service.topic("sold", Order)
    return service


def _add_plain(service: Service) -> None:
    @service.method(idempotent=True)
    def total(order: Order, price: int = 5) -> int:
        """What it costs."""
        return order.count * price

    @service.method(raises=[Closed])
    def place(order: Order) -> Order:
        if order.item == "gone":
            raise Closed
        if order.count > 10:
            raise OutOfStock(order.count - 10)
        return order

    @service.method
    def count(n: int) -> Iterator[int]:
        yield from range(n)
        if n == 3:
            raise OutOfStock(3)

    @service.method
    def who() -> int:
        return current_call().peer.pid

    @service.method
    def broken() -> int:
        return {}["what is not there"]  # type: ignore[no-any-return]

    @service.method
    def lies() -> int:
        return "one"  # type: ignore[return-value]

    @service.method(allow=[])
    def secret() -> int:
        return 1


def _add_async(service: Service) -> None:
    @service.method(idempotent=True)
    async def total(order: Order, price: int = 5) -> int:
        return order.count * price

    @service.method(raises=[Closed])
    async def place(order: Order) -> Order:
        if order.item == "gone":
            raise Closed
        if order.count > 10:
            raise OutOfStock(order.count - 10)
        return order

    @service.method
    async def count(n: int) -> AsyncIterator[int]:
        for number in range(n):
            yield number
        if n == 3:
            raise OutOfStock(3)

    @service.method
    async def who() -> int:
        return current_call().peer.pid

    @service.method
    async def broken() -> int:
        return {}["what is not there"]  # type: ignore[no-any-return]

    @service.method
    async def lies() -> int:
        return "one"  # type: ignore[return-value]

    @service.method(allow=[])
    async def secret() -> int:
        return 1
