"""What surrounds the calls of a service, and the public methods of objects."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from localsocket import Client, ServerThread, Service
from localsocket.errors import (
    CallFailed,
    NoSuchMethod,
    NotAllowed,
    RemoteError,
    TooManyCalls,
    UnsuitableHandler,
    UnsuitableMethod,
)
from localsocket.services.served_call import ServedCall
from localsocket.testing import wait_until
from services.conftest import ADDRESS, Serve


class Seen:
    """Notes what it surrounds."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def plain(self, call: ServedCall) -> Iterator[None]:
        name = call.method.name
        self.notes.append(f"begin {name}")
        try:
            yield
        except Exception as error:
            self.notes.append(f"{type(error).__name__} {name}")
            raise
        finally:
            self.notes.append(f"end {name}")


def add_methods(service: Service) -> None:
    @service.method
    def add(a: int, b: int) -> int:
        return a + b

    @service.method
    def fail() -> None:
        raise KeyError("no")

    @service.method
    def count(to: int) -> Iterator[int]:
        yield from range(to)

    @service.method
    def listed(to: int) -> Iterator[int]:
        return iter(range(to))


def add_async_methods(service: Service) -> None:
    @service.method
    async def add(a: int, b: int) -> int:
        await asyncio.sleep(0)
        return a + b

    @service.method
    async def fail() -> None:
        raise KeyError("no")

    @service.method
    async def count(to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    @service.method
    def listed(to: int) -> Iterator[int]:
        return iter(range(to))


@pytest.mark.parametrize("methods", [add_methods, add_async_methods])
def test_every_call_is_surrounded_whatever_the_method_is(methods: Callable[[Service], None]) -> None:
    service, seen = Service("surrounded", errors=[KeyError]), Seen()
    methods(service)
    service.around(seen.plain)
    with ServerThread(ADDRESS, service), Client(ADDRESS) as client:
        assert client.call("add", 2, b=3) == 5
        with pytest.raises(RemoteError):
            client.call("fail")
        assert list(client.call("count", 3)) == [0, 1, 2]
        assert list(client.call("listed", 2)) == [0, 1]
        client.describe()
        wait_until(lambda: len(seen.notes) == 9)
    assert seen.notes == [
        *["begin add", "end add", "begin fail", "KeyError fail", "end fail"],
        *["begin count", "end count", "begin listed", "end listed"],
    ]


def test_a_stream_that_is_left_early_ends_what_surrounds_it(serve: Serve) -> None:
    service, seen = Service("surrounded"), Seen()
    add_methods(service)
    service.around(seen.plain)
    with serve(service), Client(ADDRESS) as client:
        with client.stream("count", 10**9) as items:
            assert next(items) == 0
        wait_until(lambda: "end count" in seen.notes)


def test_the_first_that_is_added_is_outermost(serve: Serve) -> None:
    service, order = Service("surrounded"), list[str]()
    add_methods(service)
    for name in ("outer", "inner"):

        @service.around
        def noted(_call: ServedCall, name: str = name) -> Iterator[None]:
            order.append(name)
            yield
            order.append(name)

    with serve(service), Client(ADDRESS) as client:
        client.call("add", 1, 2)
    assert order == ["outer", "inner", "inner", "outer"]


def test_what_surrounds_a_call_may_refuse_it_with_an_error_of_the_package(serve: Serve) -> None:
    service, run = Service("surrounded"), list[int]()

    @service.method
    def note(number: int) -> None:
        run.append(number)

    @service.around
    def guard(call: ServedCall) -> Iterator[None]:
        (number,) = call.arguments
        if number == 1:
            raise NotAllowed(call.method.name)
        if number == 2:
            raise TooManyCalls(7)
        yield

    with serve(service), Client(ADDRESS) as client:
        with pytest.raises(NotAllowed) as refused:
            client.call("note", 1)
        assert refused.value.method == "note"
        with pytest.raises(TooManyCalls) as slowed:
            client.call("note", 2)
        assert slowed.value.limit == 7
        client.call("note", 3)
    assert run == [3]


def test_any_other_error_of_what_surrounds_is_one_of_the_method(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    service = Service("surrounded")
    add_methods(service)

    @service.around
    def broken(_call: ServedCall) -> Iterator[None]:
        yield from [None] * (1 // len(()))

    with serve(service), Client(ADDRESS) as client, pytest.raises(CallFailed):
        client.call("add", 1, 2)
    assert "ZeroDivisionError" in caplog.text


def test_an_async_one_surrounds_what_is_async() -> None:
    service, notes = Service("surrounded"), list[str]()

    @service.method
    async def slow() -> str:
        return "done"

    @service.around
    async def noted(call: ServedCall) -> AsyncIterator[None]:
        await asyncio.sleep(0)
        notes.append(call.method.name)
        yield
        notes.append("after")

    with ServerThread(ADDRESS, service), Client(ADDRESS) as client:
        assert client.call("slow") == "done"
    assert notes == ["slow", "after"]


def test_an_async_one_is_refused_around_plain_functions() -> None:
    """Whichever is added last, where it is added: in the line that the author has before them."""

    async def noted(_call: ServedCall) -> AsyncIterator[None]:
        yield

    service = Service("surrounded")
    add_methods(service)
    with pytest.raises(UnsuitableHandler, match="'add', a plain function"):
        service.around(noted)
    service = Service("surrounded")
    service.around(noted)
    with pytest.raises(UnsuitableHandler, match="'add', a plain function"):
        add_methods(service)
    assert [method.name for method in service.describe().methods] == []


def test_what_does_not_yield_is_refused_at_once() -> None:
    def plain(_call: ServedCall) -> None:
        """Does not yield."""

    with pytest.raises(UnsuitableHandler, match="does not yield"):
        Service("surrounded").around(plain)  # type: ignore[type-var]


def test_functions_stay_as_they_are_where_nothing_surrounds_them() -> None:
    service = Service("plain")

    @service.method
    def add(a: int, b: int) -> int:
        return a + b

    service._keep_table()
    assert service._table["add"].function is add


def test_nothing_is_added_around_a_service_that_is_served() -> None:
    service = Service("served")
    service._keep_table()
    with pytest.raises(RuntimeError, match="add to it before"):
        service.around(Seen().plain)


# --- the methods of objects -------------------------------------------------------------------------------------------


class Base:
    def inherited(self) -> str:
        return "inherited"

    def replaced(self) -> str:
        return "base"


class Counter(Base):
    """Counts."""

    step = 2

    def __init__(self) -> None:
        self.count = 0

    @property
    def broken(self) -> int:
        raise AssertionError("a property was computed")

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"asked for {name!r}")

    def up(self, by: int = 1) -> int:
        """Count up."""
        self.count += by * self.step
        return self.count

    def replaced(self) -> str:
        return "derived"

    @staticmethod
    def twice(number: int) -> int:
        return 2 * number

    @classmethod
    def called(cls) -> str:
        return cls.__name__

    def _own(self) -> None:
        raise AssertionError("not public")


def test_an_objects_public_methods_are_called_by_their_names(serve: Serve) -> None:
    service = Service("counter")
    service.add(Counter(), prefix="counter.")
    with serve(service), Client(ADDRESS) as client:
        counter = client.proxy.counter
        assert (counter.up(), counter.up(by=3)) == (2, 8)
        assert (counter.twice(4), counter.called(), counter.replaced(), counter.inherited()) == (
            *(8, "Counter"),
            *("derived", "inherited"),
        )
        for name in ("_own", "broken", "step", "__init__"):
            with pytest.raises(NoSuchMethod):
                counter[name]()
        assert [method.documentation for method in client.describe().methods if method.name == "counter.up"] == [
            "Count up."
        ]


def test_adding_an_object_adds_all_of_it_or_nothing() -> None:
    class Half:
        def first(self) -> int:
            return 1

        def second(self, path: Callable[[], None]) -> int:
            return 2

    service = Service("half")
    with pytest.raises(UnsuitableMethod):
        service.add(Half())
    assert not service.describe().methods
    service.method(Half().first)


@pytest.mark.parametrize("nothing", [object(), logging, Counter])
def test_what_has_no_public_methods_is_refused(nothing: object) -> None:
    with pytest.raises(UnsuitableMethod):
        Service("nothing").add(nothing)
