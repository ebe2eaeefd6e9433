"""call() and serving(): what a method gives in the test's own thread is what a client of it gets."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import localsocket
from localsocket import Service
from localsocket.errors import CallFailed, LocalSocketError, NoSuchMethod
from localsocket.testing import PATIENCE, call, serving
from testing.orders import Closed, Order, OutOfStock, orders

KINDS = pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])


def what_comes_of(calling: Callable[[], Any]) -> tuple[object, ...]:
    try:
        result = calling()
        return ("result", list(result) if hasattr(result, "__next__") else result)
    except Exception as error:
        parts = {name: part for name, part in vars(error).items() if name not in ("reference", "details")}
        return (type(error), *([] if isinstance(error, CallFailed) else [str(error)]), parts)


CALLS: list[tuple[str, tuple[object, ...], dict[str, object]]] = [
    ("total", (Order("tea", 3),), {}),
    ("total", ({"item": "tea", "count": 3},), {"price": 2}),
    ("place", (Order("tea", 3, ["soon"]),), {}),
    ("count", (5,), {}),
    ("count", (3,), {}),
    ("place", (Order("tea", 30),), {}),
    ("place", (Order("gone"),), {}),
    ("total", ({"item": "tea", "count": "three"},), {}),
    ("total", (), {}),
    ("total", (Order("tea"),), {"prise": 2}),
    ("totl", (1,), {}),
    ("broken", (), {}),
    ("lies", (), {}),
    ("secret", (), {}),
    ("who", (), {}),
    ("place", (object(),), {}),
]


@KINDS
@pytest.mark.parametrize(("method", "arguments", "named"), CALLS)
def test_a_call_in_the_process_gives_what_a_client_gets(
    method: str, arguments: tuple[object, ...], named: dict[str, object], is_async: bool
) -> None:
    here = what_comes_of(lambda: call(orders(is_async=is_async), method, *arguments, **named))
    with serving(orders(is_async=is_async)) as client:
        assert here == what_comes_of(lambda: client.call(method, *arguments, **named))


def test_a_call_in_the_process_runs_in_this_thread_and_starts_none() -> None:
    service = Service("here")

    @service.method
    def thread() -> int:
        return threading.get_ident()

    before = set(threading.enumerate())
    assert call(service, "thread") == threading.get_ident()
    assert set(threading.enumerate()) <= before


@KINDS
def test_what_a_method_raised_is_the_cause_of_what_the_client_gets(is_async: bool) -> None:
    with pytest.raises(CallFailed) as failed:
        call(orders(is_async=is_async), "broken")
    assert isinstance(failed.value.__cause__, KeyError)


@KINDS
def test_in_a_running_loop_calls_are_awaited(is_async: bool) -> None:
    async def main() -> None:
        service = orders(is_async=is_async)
        if not is_async:
            assert call(service, "who") == os.getpid()
            assert list(call(service, "count", 2)) == [0, 1]
            return
        assert await call(service, "who") == os.getpid()
        assert [item async for item in call(service, "count", 2)] == [0, 1]
        with pytest.raises(OutOfStock):
            await call(service, "place", Order("tea", 12))
        with pytest.raises(NoSuchMethod):
            await call(service, "totl")

    asyncio.run(main())


@KINDS
def test_a_stream_runs_as_items_are_asked_for_and_ends_where_it_is_left(is_async: bool) -> None:
    made: list[int] = []
    service = Service("numbers")

    if is_async:

        @service.method(name="count")
        async def count_async() -> Any:
            for number in range(10**9):
                made.append(number)
                yield number
    else:

        @service.method
        def count() -> Any:
            for number in range(10**9):
                made.append(number)
                yield number

    items = call(service, "count")
    assert made == []
    assert [next(items), next(items)] == [0, 1]
    assert made == [0, 1]
    items.close()
    assert service.stats().open_connections == 0


def test_a_long_stream_is_passed_on_beyond_its_window() -> None:
    service = Service("long")

    @service.method
    def pieces() -> Any:
        for _ in range(100):
            yield bytes(100_000)

    assert sum(map(len, call(service, "pieces"))) == 10_000_000


def test_what_surrounds_calls_surrounds_these() -> None:
    service, seen = orders(), []

    @service.around
    def note(served: localsocket.ServedCall) -> Any:
        seen.append(served.method.name)
        yield

    assert call(service, "total", Order("tea")) == 5
    assert list(call(service, "count", 1)) == [0]
    assert seen == ["total", "count"]


# --- served -----------------------------------------------------------------------------------------------------------


@KINDS
def test_a_service_is_served_for_a_block_with_a_client_that_knows_its_errors(is_async: bool) -> None:
    with serving(orders(is_async=is_async)) as client:
        assert client.call("total", Order("tea", 3)) == 15
        with pytest.raises(OutOfStock) as short:
            client.call("place", Order("tea", 12))
        assert short.value.missing == 2
        with pytest.raises(Closed):
            client.call("place", Order("gone"))
        address = client.address
        with localsocket.Client(address) as other:
            assert list(other.stream("count", 2)) == [0, 1]
    assert not Path(address).parent.exists()


@KINDS
def test_a_service_is_served_in_the_running_loop(is_async: bool) -> None:
    async def main() -> str:
        async with serving(orders(is_async=is_async)) as client:
            assert await client.call("total", Order("tea", 3)) == 15
            assert [item async for item in client.stream("count", 2)] == [0, 1]
            with pytest.raises(OutOfStock):
                await client.call("place", Order("tea", 12))
            return client.address

    assert not Path(asyncio.run(main())).parent.exists()


def test_a_service_is_served_by_its_name_for_programs_that_look_for_it() -> None:
    with serving(orders(), "demo.orders") as client, localsocket.Client("demo.orders") as other:
        assert other.call("who") == client.call("who") == os.getpid()


def test_what_the_test_says_of_the_client_holds() -> None:
    with serving(orders(), errors=[], call_timeout=None) as client:
        with pytest.raises(localsocket.errors.RemoteError):
            client.call("place", Order("tea", 12))
        assert client._core.call_timeout is None
    with serving(orders()) as client:
        assert client._core.call_timeout == PATIENCE


def test_where_the_service_cannot_be_served_nothing_is_left(runtime_directory: Path) -> None:
    with serving(orders(), "demo.orders"):
        before = set(runtime_directory.iterdir())
        with pytest.raises(LocalSocketError), serving(orders(), "demo.orders"):
            pass
        assert set(runtime_directory.iterdir()) == before
