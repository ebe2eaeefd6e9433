"""The claims about connections on which both ends serve: each calls the other, and neither waits for itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol

from contracts.service_of_claims import ADDRESS, Diary, Refused
from contracts.subjects import ClientUnderTest, ServiceFace, ServingUnderTest
from localsocket.errors import (
    CallFailed,
    CallsTooDeep,
    DeadlinePassed,
    LocalSocketError,
)
from localsocket.services.calling_side import DEEPEST
from localsocket.services.client_core import ClientOptions
from localsocket.services.served_call import current_call
from localsocket.services.service import Service
from localsocket.testing import PATIENCE, Background, Contract, raises, wait_until

_AT_ONCE = 40
_SHORT = 0.05
_LOOK_AGAIN = 0.001


class BothWaysFace(ServiceFace, Protocol):
    """A face whose clients serve, too."""

    @property
    def is_client_async(self) -> bool:
        """Whether the methods of what its clients serve are coroutine functions and async generators."""


both_ways_contract: Contract[BothWaysFace] = Contract()


class _End:
    """One end: a service whose methods call the other end."""

    def __init__(self, name: str, *, is_async: bool) -> None:
        self.diary = Diary()
        self.is_let_go = False
        self.callers: list[Any] = []
        self.service = Service(name, errors=[Refused])
        method = self.service.method
        if is_async:
            for function in (self.add_async, self.refuse_async, self.ask_async, self.deep_async, self.hold_async):
                method(function, name=function.__name__.removesuffix("_async"))
            method(self.count_async, name="count")
            method(self.total_async, name="total")
            method(self.wait_for_async, name="wait_for")
            method(self.remember_async, name="remember")
        else:
            for plain in (self.add, self.refuse, self.ask, self.deep, self.hold, self.count, self.total, self.wait_for):
                method(plain)
            method(self.remember)

    def add(self, a: int, b: int) -> int:
        self.diary.note("added")
        return a + b

    def refuse(self) -> None:
        raise Refused("entry", 3)

    def ask(self, method: str, arguments: list[Any]) -> Any:
        return current_call().caller.call(method, *arguments)

    def deep(self, more: int) -> int:
        return 1 + current_call().caller.proxy.deep(more - 1) if more else 1

    def hold(self) -> None:
        """Wait until the caller has told that nobody wants that any more, or it is let go."""
        call = current_call()
        self.diary.note("held")
        wait_until(lambda: call.answer.is_over or self.is_let_go)
        self.diary.note("cancelled")

    def count(self, to: int) -> Iterator[int]:
        try:
            yield from range(to)
        finally:
            self.diary.note("closed")

    def total(self, to: int, most: int) -> int:
        total = 0
        with current_call().caller.stream("count", to) as items:
            for number in items:
                total += number
                if number == most:
                    break
        return total

    def remember(self) -> None:
        self.callers.append(current_call().caller)

    def wait_for(self, timeout: float) -> str:
        try:
            current_call().caller.call("hold", timeout=timeout)
        except DeadlinePassed:
            return "late"
        return "answered"

    async def add_async(self, a: int, b: int) -> int:
        self.diary.note("added")
        return a + b

    async def refuse_async(self) -> None:
        raise Refused("entry", 3)

    async def ask_async(self, method: str, arguments: list[Any]) -> Any:
        return await current_call().caller.call(method, *arguments)

    async def deep_async(self, more: int) -> int:
        return 1 + await current_call().caller.proxy.deep(more - 1) if more else 1

    async def hold_async(self) -> None:
        self.diary.note("held")
        try:
            while not self.is_let_go:
                await asyncio.sleep(_LOOK_AGAIN)
        finally:
            self.diary.note("cancelled")

    async def count_async(self, to: int) -> AsyncIterator[int]:
        try:
            for number in range(to):
                yield number
        finally:
            self.diary.note("closed")

    async def total_async(self, to: int, most: int) -> int:
        total = 0
        async with current_call().caller.stream("count", to) as items:
            async for number in items:
                total += number
                if number == most:
                    break
        return total

    async def remember_async(self) -> None:
        self.callers.append(current_call().caller)

    async def wait_for_async(self, timeout: float) -> str:
        try:
            await current_call().caller.call("hold", timeout=timeout)
        except DeadlinePassed:
            return "late"
        return "answered"


@contextlib.contextmanager
def both_ends(face: BothWaysFace, **more: Any) -> Iterator[tuple[ClientUnderTest, _End, _End, ServingUnderTest]]:
    """Give a client, what it serves, what the service at the other end is, and what serves that."""
    mine, theirs = _End("contract.client", is_async=face.is_client_async), _End("contract.ways", is_async=face.is_async)
    options: ClientOptions = {"errors": [Refused], "call_timeout": PATIENCE, "serves": mine.service}
    options.update(more)  # type: ignore[typeddict-item]
    with face.serve(theirs.service, ADDRESS) as serving, face.connect(ADDRESS, **options) as client:
        yield client, mine, theirs, serving


@both_ways_contract.claim
def a_method_calls_who_has_called_it(face: BothWaysFace) -> None:
    with both_ends(face) as (client, mine, theirs, _):
        assert client.call("add", 2, 3) == 5
        assert client.call("ask", "add", [4, 5]) == 9
        assert client.call("ask", "ask", ["add", [6, 7]]) == 13
        assert (mine.diary.notes, theirs.diary.notes) == (["added"], ["added", "added"])


@both_ways_contract.claim
def errors_cross_in_both_directions(face: BothWaysFace) -> None:
    with both_ends(face) as (client, _, _, _):
        assert raises(Refused, lambda: client.call("ask", "refuse", [])).args == ("entry was refused 3 times",)
        assert raises(CallFailed, lambda: client.call("ask", "nothing", [])).method == "ask"
        assert client.call("ask", "add", [1, 2]) == 3


@both_ways_contract.claim
def both_ends_call_each_other_to_the_depth_limit_and_no_further(face: BothWaysFace) -> None:
    with both_ends(face) as (client, _, _, _):
        assert client.call("deep", DEEPEST - 1) == DEEPEST
        for _ in range(2):  # of which the first leaves nothing behind
            assert raises(CallsTooDeep, lambda: client.call("deep", 3 * DEEPEST)).limit == DEEPEST
        pending = [client.start("deep", 9) for _ in range(_AT_ONCE)]
        assert [each.result(PATIENCE) for each in pending] == [10] * _AT_ONCE


@both_ways_contract.claim
def streams_go_in_both_directions_and_may_be_left_early(face: BothWaysFace) -> None:
    with both_ends(face) as (client, mine, _, _):
        assert client.call("total", 1000, -1) == sum(range(1000))
        assert client.call("total", 10**9, 10) == sum(range(11))
        mine.diary.wait_for("closed", "closed")


@both_ways_contract.claim
def a_caller_that_never_answers_costs_its_call_and_nothing_else(face: BothWaysFace) -> None:
    with both_ends(face) as (client, mine, _, _):
        seconds = _SHORT
        while "held" not in mine.diary.notes:  # where the machine is busy, it is late before it has begun
            assert client.call("wait_for", seconds) == "late"
            seconds *= 2
        mine.diary.wait_for("cancelled")
        assert client.call("ask", "add", [1, 2]) == 3


@both_ways_contract.claim
def a_call_back_has_no_longer_than_the_call_that_it_is_made_for(face: BothWaysFace) -> None:
    with both_ends(face) as (client, mine, _, _):
        seconds = _SHORT
        while "held" not in mine.diary.notes:
            late = raises(DeadlinePassed, lambda given=seconds: client.call("ask", "hold", [], timeout=given))  # type: ignore[misc]
            assert late.timeout is not None
            seconds *= 2
        mine.diary.wait_for("cancelled")
        assert client.call("ask", "add", [1, 2]) == 3


@both_ways_contract.claim
def who_serves_nothing_is_not_called(face: BothWaysFace) -> None:
    with both_ends(face, serves=None) as (client, _, _, _):
        raises(CallFailed, lambda: client.call("ask", "add", [1, 2]))
        assert client.call("add", 1, 2) == 3


@both_ways_contract.claim
def stopping_ends_the_calls_of_both_directions(face: BothWaysFace) -> None:
    with both_ends(face) as (client, mine, _, serving):
        pending = client.start("ask", "hold", [])
        mine.diary.wait_for("held")
        serving.stop(timeout=_SHORT)
        mine.diary.wait_for("cancelled")
        raises(LocalSocketError, lambda: pending.result(PATIENCE))


@both_ways_contract.claim
def closing_ends_the_calls_of_both_directions(face: BothWaysFace) -> None:
    with both_ends(face) as (client, mine, theirs, _):
        pending = client.start("ask", "hold", [])
        mine.diary.wait_for("held")
        with Background(client.close) as closing:
            raises(LocalSocketError, lambda: pending.result(PATIENCE))
            mine.is_let_go = True
            mine.diary.wait_for("cancelled")
            closing.result()
        wait_until(lambda: not theirs.service.stats().open_connections and not mine.service.stats().open_connections)


@both_ways_contract.claim
def each_end_counts_what_it_serves_and_the_client_what_it_calls(face: BothWaysFace) -> None:
    with both_ends(face) as (client, mine, theirs, _):
        client.call("ask", "add", [1, 2])
        client.call("add", 1, 2)
        assert (mine.service.stats().calls, theirs.service.stats().calls, client.stats().calls) == (1, 2, 2)
        assert mine.service.stats().open_connections == 1
