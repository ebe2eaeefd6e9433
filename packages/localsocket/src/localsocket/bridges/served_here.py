"""The service of this program behind an instance on the bus: its functions run as on an asyncio loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from localsocket.aio.service_loop import ServiceLoop
from localsocket.bridges.bus_messages import LIFE, NUMBER, BusMessage, ServiceHello, Subjects
from localsocket.bridges.memory_socket import MemorySocket
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.services.service import Service
from localsocket.services.topic import SubscriberQueue, Topic
from localsocket.values.gathering import whole
from localsocket.wire.numbered_items import decode_beginning, decode_numbered


class ServedHere:
    """For the tasks of one loop."""

    not_for_the_bus: frozenset[str] = frozenset()  # the service sees who calls

    def __init__(self, service: Service) -> None:
        service._keep_table()
        greeting = service._greeting
        self.service = service
        self.description = service.describe()
        self.plain = frozenset(each.name for each in self.description.methods if each.kind == "call")
        self.hello = ServiceHello(
            max_message=greeting.max_message,
            max_calls=greeting.max_calls,
            service=greeting.service,
            version=greeting.version,
            idempotent=greeting.idempotent,
            durable=[each.name for each in self.description.methods if each.durable],
        )
        self._loop = asyncio.get_running_loop()
        self._service_loop = ServiceLoop(service, self._loop, ("localsocket",))
        self._sockets: set[MemorySocket] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._topics: dict[str, PublishedTopic] = {}

    def begin(
        self,
        names: Subjects,
        publish: Callable[[BusMessage], object],
        pending: Callable[[], int],
        send_gathered: Callable[[], object],
    ) -> None:
        """Give `publish` what topics publish; `pending` tells how many bytes wait to be sent, which the last sends."""
        self._address = names.root
        self._pending = pending
        self._send_gathered = send_gathered
        self._topics = {
            name: PublishedTopic(topic, names.topic(name), publish) for name, topic in self.service._topics.items()
        }

    def connect(
        self, peer: PeerCredentials, on_output: Callable[[bytes], object], on_lost: Callable[[], object]
    ) -> MemorySocket:
        socket = MemorySocket(self._address, peer, on_output, self._pending, self._send_gathered)
        self._sockets.add(socket)
        task = self._loop.create_task(self._serve(socket, on_lost), name=f"localsocket {self._address}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return socket

    def position(self, topic: str) -> tuple[int, bytes, int, str] | None:
        if (published := self._topics.get(topic)) is None:
            return None
        return published.last, published.life, published.topic.queue, published.topic.policy

    @property
    def topics(self) -> list[str]:
        return list(self._topics)

    def drained(self) -> None:
        """Everything that waited to be sent is sent."""
        for socket in list(self._sockets):
            socket.drained()

    def has_task(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether a method runs in it."""
        return self._service_loop.has_task(task)

    async def end(self, seconds: float) -> None:
        """Wait for what is being ended; cancel it when the time is over."""
        for published in self._topics.values():
            published.close()
        for socket in list(self._sockets):
            socket.hang_up()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=0.5)
        self._service_loop.close()

    async def _serve(self, socket: MemorySocket, on_lost: Callable[[], object]) -> None:
        try:
            await self._service_loop(socket)  # type: ignore[arg-type] # which is one in all that it needs
        finally:
            self._sockets.discard(socket)
            socket.hang_up()
            on_lost()


class PublishedTopic:
    """A topic of the service, whose messages go out on the bus; a subscriber that takes each at once."""

    is_json = False

    def __init__(self, topic: Topic[Any], subject: str, publish: Callable[[BusMessage], object]) -> None:
        self.topic = topic
        self.last = 0
        self.life = b""
        self._subject = subject
        self._publish = publish
        self._loop = asyncio.get_running_loop()
        self._is_due = False
        self._queue = SubscriberQueue(topic, is_numbered=True, is_counted=False)
        self._queue.attach(self)  # type: ignore[arg-type] # it only needs to be woken
        self._drain()

    def wake(self) -> None:
        """There is a message; any thread may call."""
        if not self._is_due:
            self._is_due = True
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._drain)

    def close(self) -> None:
        self._queue.close()

    def _drain(self) -> None:
        self._is_due = False
        while (body := self._queue.next_body()) is not None:
            self._send(whole(body))

    def _send(self, body: bytes) -> None:
        if not self.life:
            beginning = decode_beginning(body)
            self.last, self.life = beginning.last, beginning.life
            return
        self.last, message = decode_numbered(body)
        headers = {NUMBER: str(self.last), LIFE: self.life.hex()}
        self._publish(BusMessage(self._subject, bytes(message), headers))
