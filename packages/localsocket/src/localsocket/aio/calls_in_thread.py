"""The calls of an asyncio client for plain functions, which run in threads beside its loop and wait there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from localsocket.aio.pending_call import Stream
from localsocket.errors import ClosedByUs, EndOfStream
from localsocket.services.calls_core import Arguments, CallsCore, NamedArguments
from localsocket.services.description import ServiceDescription
from localsocket.services.schema import Result
from localsocket.values.known_types import KnownTypes

T = TypeVar("T")


class AwaitedCalls(Protocol):
    """What the calls of an asyncio client are, of which the results are awaited."""

    def call(self, method: str, /, *arguments: object, timeout: float | None, **named: object) -> Awaitable[Any]: ...

    def notify(self, method: str, /, *arguments: object, timeout: float | None, **named: object) -> Awaitable[None]: ...

    def stream(self, method: str, /, *arguments: object, **options: Any) -> Stream[Any]: ...

    def describe(self, *, timeout: float | None = None) -> Awaitable[ServiceDescription]: ...

    def _call_by_proxy(
        self, method: str, arguments: Arguments, named: NamedArguments, result: Result, *, is_stream: bool
    ) -> Any: ...

    def _told(self) -> ServiceDescription | None: ...

    @property
    def _known(self) -> KnownTypes: ...


class CallsInThread(CallsCore[Any]):
    """Has the calls made in the loop, and waits for them; for any thread but the loop's."""

    def __init__(self, calls: AwaitedCalls, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(None)
        self._calls = calls
        self._loop = loop

    def call(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Any:
        """See localsocket.Client.call()."""
        return self._given(self._wait(lambda: self._calls.call(method, *arguments, timeout=timeout, **named)))

    def start(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Future[Any]:
        """Call `method` and return at once what its result() is to be taken from."""
        return self._begin(lambda: self._calls.call(method, *arguments, timeout=timeout, **named))

    def notify(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> None:
        """See localsocket.Client.notify()."""
        self._wait(lambda: self._calls.notify(method, *arguments, timeout=timeout, **named))

    def stream(
        self,
        method: str,
        /,
        *arguments: object,
        timeout: float | None = None,
        idle_timeout: float | None = None,
        prefetch: int | None = None,
        **named: object,
    ) -> StreamInThread:
        """See localsocket.Client.stream()."""
        stream = self._calls.stream(
            method, *arguments, timeout=timeout, idle_timeout=idle_timeout, prefetch=prefetch, **named
        )
        return StreamInThread(stream, self._wait)

    def describe(self, *, timeout: float | None = None) -> ServiceDescription:
        """See localsocket.Client.describe()."""
        return self._wait(lambda: self._calls.describe(timeout=timeout))

    @property
    def _takes_positions(self) -> bool:
        return True  # which our own protocol does, and no other one goes both ways

    @property
    def _known(self) -> KnownTypes:
        return self._calls._known

    def _told(self) -> ServiceDescription | None:
        return self._calls._told()

    def _call_by_proxy(
        self, method: str, arguments: Arguments, named: NamedArguments, result: Result, *, is_stream: bool
    ) -> Any:
        gives = self._calls._call_by_proxy(method, arguments, named, result, is_stream=is_stream)
        return self._given(gives if isinstance(gives, Stream) else self._wait(lambda: gives))

    def _given(self, result: Any) -> Any:
        return StreamInThread(result, self._wait) if isinstance(result, Stream) else result

    def _begin(self, call: Callable[[], Awaitable[T]]) -> Future[T]:
        coroutine = _awaited(call)
        try:
            # With the context of this thread: the call knows within which other one it is made.
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise ClosedByUs("the event loop") from None

    def _wait(self, call: Callable[[], Awaitable[T]]) -> T:
        future = self._begin(call)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # else it goes on although nobody waits for it, after an interrupt
            raise


class StreamInThread(Iterator[Any]):
    """The items of a stream, waited for; see localsocket.Client.stream()."""

    def __init__(self, stream: Stream[Any], wait: Callable[[Callable[[], Awaitable[Any]]], Any]) -> None:
        self._stream = stream
        self._wait = wait

    def receive(self, *, timeout: float | None = None) -> Any:
        """Return the next item, waiting for it; EndOfStream at the end."""
        return self._wait(lambda: self._stream.receive(timeout=timeout))

    def close(self) -> None:
        """Take no more items."""
        self._wait(self._stream.close)

    def __next__(self) -> Any:
        try:
            return self.receive()
        except EndOfStream:
            raise StopIteration from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


async def _awaited(call: Callable[[], Awaitable[T]]) -> T:
    return await call()
