"""Trouble of all kinds between clients, instances and the NATS server, and what is counted meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import time
from collections import Counter
from dataclasses import dataclass, field

from localsocket import Service, aio
from localsocket.errors import LocalSocketError

_MESSAGE = re.compile(rb"H?MSG [^\r\n]* (\d+)\r\n")


class Counting:
    """A service whose methods count how often each call has run, over all of its instances."""

    def __init__(self) -> None:
        self.runs: Counter[int] = Counter()

    def instance(self, name: str = "demo.counting") -> Service:
        service = Service(name)

        @service.method
        async def double(number: int) -> int:
            self.runs[number] += 1
            return 2 * number

        return service

    @property
    def twice(self) -> int:
        """How many calls ran more than once."""
        return sum(count > 1 for count in self.runs.values())


@dataclass
class Outcome:
    """What callers have seen: how the calls ended, and by how many seconds the latest was after its deadline."""

    ended: Counter[str] = field(default_factory=Counter)
    latest: float = 0.0

    @property
    def right(self) -> int:
        return self.ended["right"]

    @property
    def wrong(self) -> int:
        return self.ended["wrong"]

    def __str__(self) -> str:
        return f"{dict(self.ended)}, the latest {max(0.0, self.latest) * 1000:.0f} ms after its deadline"


class Load:
    """Clients that call without end, until it is left: as a context manager."""

    def __init__(self, address: str, clients: int, *, timeout: float = 2.0, pause: float = 0.0) -> None:
        self.outcome = Outcome()
        self._address = address
        self._clients = clients
        self._timeout = timeout
        self._pause = pause
        self._numbers = itertools.count(1)
        self._is_over = False

    async def __aenter__(self) -> Load:
        self._tasks = [asyncio.create_task(self._call()) for _ in range(self._clients)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        await asyncio.gather(*self._tasks)
        # What was lost on the way is let go of by tasks that nobody has awaited.
        if closing := [task for task in asyncio.all_tasks() if "_close_link" in repr(task.get_coro())]:
            await asyncio.wait(closing, timeout=30)

    async def more(self, count: int) -> None:
        """Wait until so many more calls have ended well."""
        wanted = self.outcome.right + count
        async with asyncio.timeout(60):
            while self.outcome.right < wanted:
                for task in self._tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.005)

    async def _call(self) -> None:
        async with aio.Client(
            self._address, reconnect=True, wait_for_server=True, call_timeout=self._timeout
        ) as client:
            while not self._is_over:
                number, began = next(self._numbers), time.monotonic()
                try:
                    ended = (
                        "right" if await client.call("double", number, timeout=self._timeout) == 2 * number else "wrong"
                    )
                except LocalSocketError as error:
                    ended = type(error).__name__
                self.outcome.ended[ended] += 1
                self.outcome.latest = max(self.outcome.latest, time.monotonic() - began - self._timeout)
                await asyncio.sleep(self._pause)


class Proxy:
    """Stands before a NATS server: cuts its connections, holds back what either side says, or says each message twice.

    While `lets_through` is clear, nothing that clients say reaches the server.
    """

    def __init__(self, port: int, *, doubles: bool = False, delay: float = 0.0) -> None:
        self._port = port
        self._doubles = doubles
        self._delay = delay
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.doubled = 0
        self.lets_through = asyncio.Event()
        self.lets_through.set()

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break all connections."""
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, server_writer}
        both = self._up(reader, server_writer), self._down(server_reader, writer)
        ways = [asyncio.create_task(each) for each in both]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for each in (writer, server_writer):
            self._writers.discard(each)
            each.transport.abort()
        await asyncio.wait(ways)

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # as uvloop says that it is closed
            while data := await reader.read(65536):
                await self.lets_through.wait()
                writer.write(data)
                await writer.drain()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, RuntimeError, asyncio.IncompleteReadError):
            while True:
                line = await reader.readuntil(b"\r\n")
                message = _MESSAGE.fullmatch(line)
                body = await reader.readexactly(int(message[1]) + 2) if message else b""
                await asyncio.sleep(self._delay)
                times = 2 if message and self._doubles else 1
                self.doubled += times - 1
                writer.write((line + body) * times)
                await writer.drain()
