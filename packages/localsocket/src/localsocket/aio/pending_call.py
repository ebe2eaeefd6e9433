"""A call that was sent, and the stream that it may give."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from localsocket.aio.client_connection import ClientConnection
from localsocket.deadlines import NEVER, Deadline
from localsocket.errors import DeadlinePassed, EndOfStream
from localsocket.interrupts import in_any_case
from localsocket.services.item_times import ItemTimes
from localsocket.services.schema import ANYTHING, Result
from localsocket.wire.caller import OpenCall
from localsocket.wire.frames import Body
from localsocket.wire.stream_terms import NO_TERMS, StreamTerms

T_co = TypeVar("T_co", covariant=True)


class Connects(Protocol):
    """What a call asks of its client."""

    async def _connected(self, deadline: Deadline) -> ClientConnection:
        """Return the connection, made anew where the one before was lost."""


class PendingCall:
    """A call that was sent, for the task that waits for what it gives."""

    __slots__ = ("_began", "_client", "_connection", "_terms", "call", "deadline")

    def __init__(
        self,
        client: Connects,
        connection: ClientConnection,
        call: OpenCall,
        deadline: Deadline,
        began: int,
        terms: StreamTerms | None = None,
    ) -> None:
        self._began = began
        self._terms = terms or NO_TERMS
        self.call = call
        self.deadline = deadline
        self._client = client
        self._connection = connection

    async def wait(self, own: Deadline | None = None) -> None:
        """Wait until it is known what the call gives; cancelled, or too late, cancel the call.

        `own` is a deadline of this waiting, which the call outlives.
        """
        call = self.call
        try:
            while not (call.is_over or call.is_stream):
                await self._wait_once(self.deadline if own is None else own, self._late)
        except BaseException:
            if own is None or not own.has_passed():
                self.cancel()
            raise
        self._connection.core.note_end(self._began, is_error=call.body is None and not call.is_stream)

    async def next_body(self, times: ItemTimes) -> memoryview | bytes | None:
        """Return the next item of the stream; None at its end, or raise why there is one."""
        call = self.call
        if call.prefetch is not None and (credit := self._connection.caller.ask(call)):
            self._connection.send(credit)
        deadline = NEVER
        try:
            while not call.items and not call.is_over:
                deadline = times.until(call)
                await self._wait_once(deadline, times.error)
        except BaseException:
            # A waiting of its own may end before the call does.
            if deadline is not times.own or not deadline.has_passed():
                self.cancel()
            raise
        try:
            taken = self._connection.caller.take_item(call)
            if taken is not None:
                body, credit = taken
                if credit:
                    self._connection.send(credit)
                self._connection.has_taken()
                return body
        except BaseException:  # of a signal's handler: the item is lost, or the peer waits for what it is granted
            self.cancel()
            raise
        self.raise_failure()
        return None

    def result(self, result: Result) -> Any:
        """Return what the call gave, or raise what it raised; for a method that streams, a Stream."""
        if self.call.is_stream:
            begins_in_time = self._terms.begins_in_time
            times = ItemTimes(self.call.method, self.deadline, begins_in_time=begins_in_time, idle_timeout=None)
            return Stream(self, result, times)
        return self._connection.core.result_of(self.call, result)

    def read(self, result: Result, body: Body) -> Any:
        """Return an item of a stream. Raises BadResult."""
        return self._connection.core.read_of(self.call, result, body)

    def raise_failure(self) -> None:
        """Raise what the call raised, if it did."""
        self._connection.core.result_of(self.call, ANYTHING)

    def forget(self) -> None:
        """Cancel from wherever the garbage collector runs."""
        loop = self._connection.loop
        if not loop.is_closed():
            loop.call_soon_threadsafe(self.cancel)

    def cancel(self) -> bool:
        """Give the call up, here and where it is served; False when it is over."""
        connection: ClientConnection = self.call.holder or self._connection
        return in_any_case(partial(connection.give_up, self.call, self._began, connection.send))

    # ------------------------------------------------------------------------------------------------------------------

    def _late(self, deadline: Deadline) -> DeadlinePassed:
        return deadline.error(f"calling {self.call.method!r}")

    async def _wait_once(self, deadline: Deadline, error: Callable[[Deadline], DeadlinePassed]) -> None:
        if (lost := self._connection.error) is not None:
            self._connection = await self._client._connected(deadline)
            self._connection._go_on_with(self.call, lost)
            return
        future = self._connection.loop.create_future()
        self.call.waiter.append(future)
        if (until := deadline._at) is None:
            await future
        elif deadline.has_passed():
            raise error(deadline)
        else:
            await self._connection.waits.wait(future, until)


class Stream(AsyncIterator[T_co]):
    """The items of a stream, as they arrive; for one task at a time. Leaving it early cancels it in the service.

    To await it, to enter it with `async with` or to iterate over it first waits until the stream has begun. Outside
    `async with`, close() it if you leave it before its end.
    """

    def __init__(
        self, opening: PendingCall | Callable[[], Awaitable[PendingCall]], result: Result, times: ItemTimes
    ) -> None:
        self._pending = opening if isinstance(opening, PendingCall) else None
        self._opening = None if isinstance(opening, PendingCall) else opening
        self._result = result
        self._times = times

    async def receive(self, *, timeout: float | None = None) -> T_co:
        """Return the next item, waiting for it. Raises EndOfStream at the end, otherwise what Calls.call() raises.

        When `timeout` seconds have passed it raises DeadlinePassed, and the stream goes on; when a time limit of the
        stream itself has passed, the stream is cancelled.
        """
        try:
            return await self._next(timeout)
        except StopAsyncIteration:
            raise EndOfStream("another item", 0) from None

    async def close(self) -> None:
        """Stop receiving items. Closing again has no effect."""
        if self._pending is not None:
            self._pending.cancel()

    async def __anext__(self) -> T_co:
        return await self._next(None)

    def __await__(self) -> Generator[Any, Any, Self]:
        return self._begin().__await__()

    async def __aenter__(self) -> Self:
        return await self._begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        pending = getattr(self, "_pending", None)
        if pending is not None and not pending.call.is_over:
            pending.forget()

    # ------------------------------------------------------------------------------------------------------------------

    async def _begin(self) -> Self:
        pending = await self._opened()
        await pending.wait()
        if not pending.call.is_stream:
            pending.raise_failure()
        return self

    async def _next(self, timeout: float | None) -> T_co:
        pending = await self._opened()
        self._times.ask(timeout)
        body = await pending.next_body(self._times)
        self._times.taken()
        if body is None:
            raise StopAsyncIteration
        item: T_co = pending.read(self._result, body)
        return item

    async def _opened(self) -> PendingCall:
        if self._pending is None:
            assert self._opening is not None
            self._pending = await self._opening()
        return self._pending


class ProxyCall(Coroutine[Any, Any, Any]):
    """A call by a proxy, which does not know whether it streams: to be awaited, or iterated over."""

    __slots__ = ("_call", "_running", "_stream")

    def __init__(self, call: Callable[[], Coroutine[Any, Any, Any]], stream: Callable[[], Stream[Any]]) -> None:
        self._call = call
        self._stream = stream
        self._running: Coroutine[Any, Any, Any] | None = None

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._coroutine.__await__()

    def __aiter__(self) -> Stream[Any]:
        return self._stream()

    def send(self, value: Any, /) -> Any:
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        return self._coroutine.throw(*error)

    def close(self) -> None:
        if self._running is not None:
            self._running.close()

    @property
    def _coroutine(self) -> Coroutine[Any, Any, Any]:
        if self._running is None:
            self._running = self._call()
        return self._running
