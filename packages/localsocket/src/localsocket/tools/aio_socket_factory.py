"""Closed loops over many awaited sockets: one task for each, in an asyncio loop of their own."""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Callable
from typing import Generic, Self, TypeVar

from localsocket import aio
from localsocket.errors import ClosedByPeer
from localsocket.tools.closed_loop import ClosedLoop, ClosedLoops

Opened = TypeVar("Opened")


class TaskFactory(ClosedLoops, abc.ABC, Generic[Opened]):
    """Opens many of whatever can be awaited, and drives each from a task; `new_loop` makes the loop."""

    def __init__(
        self,
        address: str,
        *,
        connections: int,
        chunk_bytes: int,
        new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    ) -> None:
        super().__init__(address, connections=connections, chunk_bytes=chunk_bytes)
        self._runner = asyncio.Runner(loop_factory=new_loop)
        self._opened: list[Opened] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._finished: asyncio.Future[None]

    # --- for a kind of socket to fill in ------------------------------------------------------------------------------

    @abc.abstractmethod
    async def connect(self) -> Opened:
        """Return a new connection."""

    @abc.abstractmethod
    async def exchange(self, connection: Opened, stream: ClosedLoop) -> None:
        """Send the stream's first chunk, then answer() what comes back, for ever; raise when the server leaves."""

    @abc.abstractmethod
    async def close(self, connection: Opened) -> None:
        """Close it at once."""

    # ------------------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            self._runner.run(self._connect())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with self._runner:
            self._runner.run(self._close())

    async def _connect(self) -> None:
        for _ in self.streams:
            self._opened.append(await self.connect())

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self._opened:
            await self.close(connection)

    def _drive(self, seconds: float) -> None:
        self._runner.run(self._exchange(seconds))

    async def _exchange(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._finished = loop.create_future()
        if not self._tasks:
            self._tasks = [
                loop.create_task(self.exchange(connection, stream))
                for connection, stream in zip(self._opened, self.streams, strict=True)
            ]
        ends = [self._finished, *self._tasks]
        done, _ = await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for ended in done:
            ended.result()  # a task ends by an error only

    def _finish(self) -> None:
        self._finished.set_result(None)


class AioSocketFactory(TaskFactory[aio.LocalSocket]):
    """Opens many aio.LocalSockets."""

    async def connect(self) -> aio.LocalSocket:
        return await aio.connect(self.address)

    async def exchange(self, connection: aio.LocalSocket, stream: ClosedLoop) -> None:
        await connection.write(stream.first_chunk)
        while data := await connection.read():
            await connection.write(self.answer(stream, data))
        raise ClosedByPeer("exchanging data")

    async def close(self, connection: aio.LocalSocket) -> None:
        connection.abort()
        await connection.close()  # until the loop has let go of the descriptor
