"""A local service of another program behind an instance on the bus: each caller gets a connection to it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable

import msgspec

from localsocket.aio.client import Client
from localsocket.aio.shared_socket import SharedSocket
from localsocket.bridges.bus_messages import LIFE, NUMBER, BusMessage, ServiceHello, Subjects
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import LocalSocketError, NoSuchTopic, SubscriberTooSlow
from localsocket.services.description import ServiceDescription
from localsocket.services.gap import Gap
from localsocket.services.limits import CallLimits
from localsocket.services.method import MONITOR, STATS
from localsocket.sockets.connector import Connector

logger = logging.getLogger("localsocket.bridges")

_LIFE = 8  # bytes
_PAUSE = 0.5  # seconds before a topic is subscribed to again
_PATIENCE = 5.0  # seconds for the local service to accept
_encode = msgspec.msgpack.Encoder().encode


class ServedThere:
    """Made by open(); for the tasks of one loop."""

    not_for_the_bus = frozenset((STATS, MONITOR))  # which tell the service's owner who calls what

    def __init__(self, client: Client, description: ServiceDescription, hello: ServiceHello) -> None:
        self.hello = hello
        self.description = description
        self.plain = frozenset(each.name for each in self.description.methods if each.kind == "call")
        self._client = client
        self._lines: set[_Line] = set()
        self._topics: dict[str, _Republished] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, name: str) -> ServedThere:
        """Connect to the local service. Raises what connecting raises."""
        client = Client(name, reconnect=True)
        try:
            description = await client.describe()
        except BaseException:
            await client.close()
            raise
        connection = client._connection
        assert connection is not None
        told = connection.caller.peer
        assert told is not None
        hello = ServiceHello(
            max_message=told.max_message,
            max_calls=told.max_calls,
            service=told.service,
            version=told.version,
            idempotent=told.idempotent,
            durable=[each.name for each in description.methods if each.durable],
        )
        return cls(client, description, hello)

    def begin(
        self,
        names: Subjects,
        publish: Callable[[BusMessage], object],
        _pending: Callable[[], int],
        _send_gathered: Callable[[], object],
    ) -> None:
        """Publish on the bus what the service publishes."""
        for topic in self.description.topics:
            republished = _Republished(self._client, topic.name, names.topic(topic.name), publish)
            self._topics[topic.name] = republished
            self._tasks.append(asyncio.create_task(republished.run()))

    def connect(
        self, _peer: PeerCredentials, on_output: Callable[[bytes], object], on_lost: Callable[[], object]
    ) -> _Line:
        line = _Line(self._client.address, on_output, on_lost, self._lines.discard)
        self._lines.add(line)
        return line

    def position(self, topic: str) -> tuple[int, bytes, int, str] | None:
        if (republished := self._topics.get(topic)) is None or not republished.is_there:
            return None
        told = next(each for each in self.description.topics if each.name == topic)
        return republished.last, republished.life, told.queue, told.policy

    @property
    def topics(self) -> list[str]:
        return [name for name, republished in self._topics.items() if republished.is_there]

    def drained(self) -> None:
        """A connection holds back by itself."""

    def has_task(self, _task: asyncio.Task[object] | None) -> bool:
        return False

    async def end(self, seconds: float) -> None:
        """Close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for line in list(self._lines):
            line.hang_up()
        with contextlib.suppress(LocalSocketError):
            await self._client.close(timeout=seconds)


class _Line:
    """One caller's connection to the local service."""

    def __init__(
        self,
        address: str,
        on_output: Callable[[bytes], object],
        on_lost: Callable[[], object],
        on_over: Callable[[_Line], object],
    ) -> None:
        self._address = address
        self._on_output = on_output
        self._on_lost = on_lost
        self._on_over = on_over
        self._early: list[bytes] = []
        self._socket: SharedSocket | None = None
        self._closing: asyncio.Task[None] | None = None
        self._connecting = asyncio.create_task(self._connect())

    def deliver(self, data: bytes) -> None:
        if self._socket is None:
            self._early.append(data)
        else:
            self._socket.send(data)

    def hang_up(self) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())

    async def _connect(self) -> None:
        connector = Connector(SharedSocket, self._address, timeout=_PATIENCE, limits=CallLimits().of_socket())
        try:
            while (socket := connector.attempt()) is None:
                await asyncio.sleep(connector.next_pause())
        except LocalSocketError:
            self._lost()
            return
        self._socket = socket
        socket.begin(self._on_output, lambda _: self._lost(), lambda: None)
        for data in self._early:
            socket.send(data)

    def _lost(self) -> None:
        self._on_lost()
        self.hang_up()

    async def _close(self) -> None:
        if self._socket is None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self._socket is not None:
            with contextlib.suppress(LocalSocketError):
                await self._socket.close()  # what is unsent goes out: notifications above all
        self._on_over(self)


class _Republished:
    """A topic of the local service, numbered anew, with what it lost on the way left out of the numbers."""

    def __init__(self, client: Client, topic: str, subject: str, publish: Callable[[BusMessage], object]) -> None:
        self.is_there = True
        self.last = 0
        self.life = os.urandom(_LIFE)
        self._client = client
        self._topic = topic
        self._subject = subject
        self._publish = publish

    async def run(self) -> None:
        """Republish until cancelled, also when the service was away for long, or without the topic, and is back."""
        while True:
            try:
                await self._republish()
            except SubscriberTooSlow:
                pass
            except LocalSocketError as error:
                if isinstance(error, NoSuchTopic):
                    self.is_there = False  # as is told to those who follow it
                logger.debug("nothing is republished of %r now: %s", self._topic, error)
                await asyncio.sleep(_PAUSE)
            self.last += 1  # at least one may be missing, which shows by the number of the next

    async def _republish(self) -> None:
        subscription = self._client.subscribe(self._topic, resume=True, on_gap=self._skip)
        async with subscription as messages:
            self.is_there = True
            async for message in messages:
                self.last += 1
                headers = {NUMBER: str(self.last), LIFE: self.life.hex()}
                self._publish(BusMessage(self._subject, _encode(message), headers))

    def _skip(self, gap: Gap) -> None:
        self.last += 1 if gap.missing is None else gap.missing
