"""The ways to serve a service, and its clients, as the contracts need them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar, Unpack

from contracts.aio_face import AioFace
from contracts.subjects import ClientUnderTest, ServingUnderTest
from localsocket import aio
from localsocket.aio.client import Calls
from localsocket.aio.pending_call import Stream
from localsocket.blocking.client import Client
from localsocket.blocking.connect import connect
from localsocket.blocking.local_socket import LocalSocket
from localsocket.services.client_core import ClientOptions
from localsocket.services.description import ServiceDescription
from localsocket.services.gap import OnGap
from localsocket.services.service import Service
from localsocket.services.stats import ClientStats
from localsocket.serving.server_thread import STOP_TIMEOUT, ServerThread
from localsocket.testing import PATIENCE

T = TypeVar("T")


class ServingInThread:
    """A ServerThread: of plain functions on an event loop, of coroutine functions on an asyncio loop of its own.

    Clients are those of `clients`: an AioFace for aio.Client, None for localsocket.Client.
    """

    def __init__(self, *, is_async: bool, clients: AioFace | None = None) -> None:
        self.is_async = is_async
        self._clients = clients

    @property
    def is_client_async(self) -> bool:
        """Whether what its clients serve is to be of coroutine functions, as what it serves itself."""
        return self.is_async and self._clients is not None

    def serve(self, service: Service, address: str) -> AbstractContextManager[ServingUnderTest]:
        return ServerThread(address, service)

    def connect(self, address: str, **options: Unpack[ClientOptions]) -> AbstractContextManager[ClientUnderTest]:
        if self._clients is None:
            return Client(address, **options)
        return WaitedClient.connect(self._clients, address, **options)

    def line(self, address: str) -> AbstractContextManager[LocalSocket]:
        return connect(address, timeout=PATIENCE)


class ServingInLoop(ServingInThread):
    """aio.serve() in the loop of `servers`."""

    def __init__(self, servers: AioFace, *, is_async: bool, clients: AioFace | None = None) -> None:
        super().__init__(is_async=is_async, clients=clients)
        self._servers = servers

    @contextlib.contextmanager
    def serve(self, service: Service, address: str) -> Iterator[WaitedServing]:
        serving = WaitedServing(self._servers, self._servers.wait_for(_awaited(lambda: aio.serve(address, service))))
        try:
            yield serving
        finally:
            serving.stop()


class WaitedServing:
    """What aio.serve() serves, with a stop() that waits."""

    def __init__(self, face: AioFace, serving: aio.Serving) -> None:
        self.serving = serving
        self._face = face

    def stop(self, *, timeout: float | None = STOP_TIMEOUT) -> None:
        self._face.wait_for(self.serving.stop(timeout=timeout))


class WaitedCalls:
    """The calls of an aio.Client, waited for."""

    def __init__(self, face: AioFace, calls: Calls) -> None:
        self._face = face
        self._calls = calls

    def call(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> Any:
        return self._wait(lambda: self._calls.call(method, *arguments, timeout=timeout, **named))

    def start(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> WaitedTask:
        async def start() -> asyncio.Task[Any]:
            task = self._calls.start(method, *arguments, timeout=timeout, **named)
            await asyncio.sleep(0)  # until it has made the call
            return task

        return WaitedTask(self._face, self._face.wait_for(start()))

    def stream(self, method: str, /, *arguments: object, **options: Any) -> WaitedStream:
        return WaitedStream(self._face, self._calls.stream(method, *arguments, **options))

    def notify(self, method: str, /, *arguments: object, timeout: float | None = None, **named: object) -> None:
        self._wait(lambda: self._calls.notify(method, *arguments, timeout=timeout, **named))

    def subscribe(
        self,
        topic: str,
        kind: Any = Any,
        *,
        resume: bool = False,
        on_gap: OnGap | None = None,
        timeout: float | None = None,
        idle_timeout: float | None = None,
    ) -> WaitedSubscription:
        async def subscribe() -> aio.Subscription[Any]:
            subscription = self._calls.subscribe(topic, kind, resume=resume, on_gap=on_gap, idle_timeout=idle_timeout)
            async with asyncio.timeout(timeout):
                await subscription
            return subscription

        return WaitedSubscription(self._face, self._face.wait_for(subscribe()))

    def describe(self, *, timeout: float | None = None) -> ServiceDescription:
        return self._face.wait_for(self._calls.describe(timeout=timeout))

    @property
    def proxy(self) -> Any:
        return WaitedProxy(self._face, self._calls.proxy)

    def typed(self, protocol: Callable[..., T], /) -> Any:
        return WaitedProxy(self._face, self._calls.typed(protocol))

    def _wait(self, call: Callable[[], Awaitable[Any]]) -> Any:
        return _waited(self._face, self._face.wait_for(_awaited(call)))


class WaitedClient(WaitedCalls):
    """An aio.Client whose calls wait, in the loop of `face`."""

    def __init__(self, face: AioFace, client: aio.Client) -> None:
        super().__init__(face, client)
        self.client = client

    @classmethod
    @contextlib.contextmanager
    def connect(cls, face: AioFace, address: str, **options: Unpack[ClientOptions]) -> Iterator[WaitedClient]:
        async def opened() -> aio.Client:
            client = aio.Client(address, **options)
            await client.open()
            return client

        waited = cls(face, face.wait_for(opened()))
        try:
            yield waited
        finally:
            waited.close()

    def within(self, timeout: float | None) -> WaitedCalls:
        return WaitedCalls(self._face, self.client.within(timeout))

    def stats(self) -> ClientStats:
        return self.client.stats()

    def close(self) -> None:
        self._face.wait_for(self.client.close())


class WaitedTask:
    """A call in a task."""

    def __init__(self, face: AioFace, task: asyncio.Task[Any]) -> None:
        self._face = face
        self._task = task

    def result(self, timeout: float | None = None) -> Any:
        async def result() -> Any:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(self._task)

        return _waited(self._face, self._face.wait_for(result()))

    def cancel(self) -> None:
        async def cancel() -> None:
            self._task.cancel()
            await asyncio.wait([self._task])

        self._face.wait_for(cancel())


class WaitedStream:
    """A stream whose items are waited for."""

    def __init__(self, face: AioFace, stream: Stream[Any]) -> None:
        self.stream = stream
        self._face = face

    def receive(self, *, timeout: float | None = None) -> Any:
        return self._face.wait_for(self.stream.receive(timeout=timeout))

    def close(self) -> None:
        self._face.wait_for(self.stream.close())

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        async def following() -> Any:
            return await anext(self.stream)

        try:
            return self._face.wait_for(following())
        except StopAsyncIteration:
            raise StopIteration from None


class WaitedSubscription(WaitedStream):
    """A subscription whose messages are waited for."""

    def __init__(self, face: AioFace, subscription: aio.Subscription[Any]) -> None:
        super().__init__(face, subscription)
        self._subscription = subscription

    @property
    def lost(self) -> int:
        return self._subscription.lost


class WaitedProxy:
    """A proxy whose methods wait."""

    def __init__(self, face: AioFace, proxy: Any) -> None:
        self._face = face
        self._proxy = proxy

    def __getattr__(self, name: str) -> WaitedProxy:
        return WaitedProxy(self._face, getattr(self._proxy, name))

    def __call__(self, *arguments: object, **named: object) -> Any:
        gives = self._proxy(*arguments, **named)
        if isinstance(gives, Stream):
            return WaitedStream(self._face, gives)
        return _waited(self._face, self._face.wait_for(_awaited(lambda: gives)))


def _waited(face: AioFace, result: Any) -> Any:
    return WaitedStream(face, result) if isinstance(result, Stream) else result


async def _awaited(call: Callable[[], Awaitable[T]]) -> T:
    return await call()
