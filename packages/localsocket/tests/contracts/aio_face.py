"""The asyncio face as the contracts need it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, TypeVar

from contracts.awaited_face import AwaitedFace
from contracts.subjects import MessageOptions
from localsocket import aio
from localsocket.blocking.local_socket import LocalSocket
from localsocket.testing import Background, connected_pair

T = TypeVar("T")


class AioFace(AwaitedFace):
    """What localsocket.aio has, with calls that wait; a context manager that runs the loop.

    `new_loop` makes the loop: asyncio.new_event_loop, uvloop.new_event_loop, or your own.
    """

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
        super().__init__(aio)
        self.loop = new_loop()

    def wait_for(self, call: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(call, self.loop).result()

    @contextlib.contextmanager
    def message_pair(
        self, one: MessageOptions, other: MessageOptions | None = None, *, kernel_buffer: int | None = None
    ) -> Iterator[tuple[WaitedMessages, WaitedMessages]]:
        with connected_pair(kernel_buffer=kernel_buffer) as (first, second):
            ends = WaitedMessages(self, first, one), WaitedMessages(self, second, one if other is None else other)
            try:
                yield ends
            finally:
                for end in ends:
                    end.abort()

    @contextlib.contextmanager
    def message_end(self, options: MessageOptions) -> Iterator[tuple[WaitedMessages, LocalSocket]]:
        with connected_pair() as (first, second):
            end = WaitedMessages(self, first, options)
            try:
                yield end, second
            finally:
                end.abort()

    def __enter__(self) -> AioFace:
        self._running = Background(self.loop.run_forever)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._running.result()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


class WaitedMessages:
    """An aio.MessageSocket whose calls wait; it takes over `socket`."""

    def __init__(self, face: AioFace, socket: LocalSocket, options: MessageOptions) -> None:
        async def take_over() -> aio.MessageSocket:
            return aio.MessageSocket(aio.LocalSocket.adopt(socket), **options)

        self._face = face
        self.messages = face.wait_for(take_over())

    def send(self, message: object, *, timeout: float) -> None:
        self._face.wait_for(self.messages.send(message, timeout=timeout))

    def receive(self, *, timeout: float) -> Any:
        return self._face.wait_for(self.messages.receive(timeout=timeout))

    def __iter__(self) -> Iterator[Any]:
        async def all_of_them() -> list[Any]:
            return [message async for message in self.messages]

        return iter(self._face.wait_for(all_of_them()))

    def shutdown_write(self, *, timeout: float) -> None:
        self._face.wait_for(self.messages.shutdown_write(timeout=timeout))

    def close(self, *, timeout: float) -> None:
        self._face.wait_for(self.messages.close(timeout=timeout))

    def abort(self) -> None:
        async def abort() -> None:
            self.messages.abort()
            await self.messages.close()  # until the descriptor is closed

        self._face.wait_for(abort())
