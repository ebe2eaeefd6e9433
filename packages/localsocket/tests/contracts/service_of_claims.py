"""The service that the claims about services call: of plain functions, or the same of coroutine functions."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import functools
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal

import msgspec

from contracts.subjects import ClientUnderTest, ServiceFace, ServingUnderTest
from localsocket.interfaces import KIB
from localsocket.services.client_core import ClientOptions
from localsocket.services.limits import DEFAULT_CALL_LIMITS, CallLimits
from localsocket.services.served_call import current_call
from localsocket.services.service import Service
from localsocket.services.tracing import Tracing
from localsocket.testing import PATIENCE, wait_until

ADDRESS = "contract.service"
QUEUE = 8
"""As many messages of a topic wait for a subscriber at most."""

_LOOK_AGAIN = 0.001


class Person(msgspec.Struct):
    name: str
    age: int = 0
    friends: list[Person] = []


class Refused(Exception):
    """Declared by the service: it crosses to its callers as itself."""

    def __init__(self, what: str, times: int) -> None:
        super().__init__(f"{what} was refused {times} times")
        self.what = what
        self.times = times


class Diary:
    """What methods were seen to do, for claims to wait for."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, what: str) -> None:
        self.notes.append(what)

    def wait_for(self, *notes: str) -> None:
        """Return once it has each of these notes, as often as it is named."""
        wait_until(lambda: all(self.notes.count(note) >= notes.count(note) for note in notes), f"{notes} to happen")


class ServiceOfClaims:
    """Has a method, or a topic, for everything that a service can do.

    `gate` holds back those that wait; `diary` tells what they saw.
    """

    def __init__(
        self,
        *,
        is_async: bool,
        limits: CallLimits = DEFAULT_CALL_LIMITS,
        tells_details: bool = False,
        tracing: Tracing | None = None,
    ) -> None:
        self.diary = Diary()
        self.gate = threading.Event()
        self.service = Service(
            "contract.service",
            version="1.5",
            documentation="What the claims are about.",
            errors=[Refused],
            limits=limits,
            tells_details=tells_details,
            tracing=tracing,
        )
        self._is_async = is_async
        for method in (self.add, self.echo, self.greet, self.fail, self.lie, self.peer, self.remaining, self.note):
            self.add_method(method)
        self.add_method(self.zeros)
        self.add_method(self.older)
        self.add_method(self.count)
        self.add_method(self.lines)
        self.add_method(self.add, name="deep.sea.add", idempotent=True)
        self.add_method(self.idle, name="hold", instead=self.idle_async)
        self.add_method(self.idle, name="hold_repeatable", instead=self.idle_async, idempotent=True)
        self.add_method(self.stuck, name="stuck", instead=self.stuck_async)
        self.add_method(self.note_later, name="note_later", instead=self.note_later_async)
        self.add_method(self.drip, name="drip", instead=self.drip_async)
        self.add_method(self.add, name="forbidden", allow=lambda _peer: False)
        self.add_method(self.add, name="unclear", allow=_cannot_tell)
        self.latest = self.service.topic("latest", int, queue=QUEUE, documentation="The newest numbers.")
        self.all_or_none = self.service.topic("all_or_none", int, queue=QUEUE, policy="disconnect")
        self.every = self.service.topic("every", int, queue=QUEUE, policy="block")

    # --- its methods --------------------------------------------------------------------------------------------------

    def add(self, a: int, b: int = 1) -> int:
        """Add two numbers.

        The second is 1 unless it is given.
        """
        return a + b

    def echo(self, data: bytes) -> bytes:
        return data

    def zeros(self, count: int) -> bytes:
        return bytes(count)

    def greet(self, person: Person, *, when: datetime.date | None = None, mood: Literal["glad", "sad"] = "glad") -> str:
        return f"{mood} to see {person.name} and {len(person.friends)} friends" + (f" in {when.year}" if when else "")

    def older(self, person: Person) -> Person:
        return Person(person.name, person.age + 1, person.friends)

    def fail(self, how: Literal["refused", "unknown", "untellable"]) -> None:
        if how == "refused":
            raise Refused("entry", 3)
        if how == "untellable":
            raise Refused(object(), 3)  # type: ignore[arg-type]
        raise KeyError("a secret")

    def lie(self) -> list[int]:
        return [1, "two"]  # type: ignore[list-item]

    def peer(self) -> tuple[int, int]:
        return current_call().peer.pid, current_call().peer.uid

    def remaining(self) -> float | None:
        return current_call().remaining()

    def note(self, what: str) -> None:
        self.diary.note(what)

    def count(self, to: int, *, then: Literal["end", "refused", "unknown"] = "end") -> Iterator[int]:
        try:
            yield from range(to)
            if then != "end":
                self.fail(then)
        finally:
            self.diary.note("closed")

    def lines(self, count: int, length: int) -> Iterator[bytes]:
        for number in range(count):
            self.diary.note("line")
            yield bytes([number % 256]) * length

    def idle(self) -> str:
        """Wait until the gate is open, or nobody wants that any more and the caller has told so."""
        call = current_call()
        self.diary.note("held")
        while not self.gate.wait(_LOOK_AGAIN):
            if call.is_cancelled:
                self.diary.note("cancelled")
                wait_until(lambda: call.answer.is_over, "the caller to tell")
                break
        return "released"

    async def idle_async(self) -> str:
        self.diary.note("held")
        try:
            while not self.gate.is_set():
                await asyncio.sleep(_LOOK_AGAIN)
        except asyncio.CancelledError:
            self.diary.note("cancelled")
            raise
        return "released"

    def stuck(self) -> str:
        """Wait until the gate is open, whatever anybody wants."""
        self.diary.note("stuck")
        self.gate.wait(PATIENCE)
        self.diary.note("free")
        return "released"

    async def stuck_async(self) -> str:
        self.diary.note("stuck")
        while not self.gate.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(_LOOK_AGAIN)
        self.diary.note("free")
        return "released"

    def note_later(self, what: str) -> None:
        self.diary.note("noting")
        self.gate.wait(PATIENCE)
        self.diary.note(what)

    async def note_later_async(self, what: str) -> None:
        self.diary.note("noting")
        while not self.gate.is_set():
            await asyncio.sleep(_LOOK_AGAIN)
        self.diary.note(what)

    def drip(self) -> Iterator[int]:
        """Give 1, and 2 once the gate is open."""
        try:
            yield 1
            while not self.gate.wait(_LOOK_AGAIN) and not current_call().is_cancelled:
                pass
            yield 2
        finally:
            self.diary.note("closed")

    async def drip_async(self) -> AsyncIterator[int]:
        try:
            yield 1
            while not self.gate.is_set():
                await asyncio.sleep(_LOOK_AGAIN)
            yield 2
        finally:
            self.diary.note("closed")

    # ------------------------------------------------------------------------------------------------------------------

    def served_by(self, face: ServiceFace) -> AbstractContextManager[ServingUnderTest]:
        return face.serve(self.service, ADDRESS)

    def add_method(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        instead: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        """Add a method; where they are to be coroutine functions the one `instead`, or one that does the same."""
        if self._is_async:
            function = instead or _as_coroutine_function(function)
        self.service.method(function, name=name, **options)


@contextlib.contextmanager
def served(
    face: ServiceFace, options: ClientOptions | None = None, **service: Any
) -> Iterator[tuple[ClientUnderTest, ServiceOfClaims]]:
    """Serve the service, and give a client of it; at the end nothing is held back any more."""
    of_claims = ServiceOfClaims(is_async=face.is_async, **service)
    told: ClientOptions = {"errors": [Refused], "call_timeout": PATIENCE}
    told.update(options or {})
    with of_claims.served_by(face), face.connect(ADDRESS, **told) as client:
        try:
            yield client, of_claims
        finally:
            of_claims.gate.set()


def small_limits(
    *,
    message: int = 64 * KIB,
    calls: int = 4,
    stream: int = 8 * KIB,
    unsent: int = 64 * KIB,
    greeting: float = 10.0,
    unfinished: int = 256 * KIB,
) -> CallLimits:
    """Return limits that are soon met."""
    return CallLimits(
        message=message, calls=calls, stream=stream, unsent=unsent, greeting=greeting, unfinished=unfinished
    )


def _as_coroutine_function(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def coroutine(*arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    @functools.wraps(function)
    async def async_generator(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
        for item in function(*arguments, **named):
            yield item

    return async_generator if inspect.isgeneratorfunction(function) else coroutine


def _cannot_tell(_peer: object) -> bool:
    raise KeyError("nobody told how to decide")
