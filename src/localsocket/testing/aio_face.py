"""The asyncio face as the contracts need it: its calls are awaited in a loop on another thread."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, TypeVar

from localsocket import aio
from localsocket.interfaces import DEFAULT_LIMITS, Limits
from localsocket.testing.background import Background
from localsocket.testing.pairs import set_kernel_buffer

T = TypeVar("T")
Opened = TypeVar("Opened", aio.LocalServer, aio.LocalSocket)


class AioFace:
    """aio.LocalSocket and aio.LocalServer, with calls that wait; a context manager that runs the loop.

    `new_loop` makes the loop: asyncio.new_event_loop, uvloop.new_event_loop, or your own.
    """

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
        self.loop = new_loop()

    @contextlib.contextmanager
    def connected_pair(
        self, *, limits: Limits = DEFAULT_LIMITS, kernel_buffer: int | None = None
    ) -> Iterator[tuple[AwaitedSocket, AwaitedSocket]]:
        first, second = aio.pair(limits=limits)
        one, other = AwaitedSocket(self, first), AwaitedSocket(self, second)
        try:
            for end in (first, second):
                if kernel_buffer is not None:
                    set_kernel_buffer(end, kernel_buffer)
            yield one, other
        finally:
            one.abort()
            other.abort()

    @contextlib.contextmanager
    def listen(self, address: str) -> Iterator[AwaitedListener]:
        listener = AwaitedListener(self, self.wait_for(_awaited(aio.listen(address))))
        try:
            yield listener
        finally:
            listener.close()

    @contextlib.contextmanager
    def connect(self, address: str, *, timeout: float) -> Iterator[AwaitedSocket]:
        connected = AwaitedSocket(self, self.wait_for(_awaited(aio.connect(address, timeout=timeout))))
        try:
            yield connected
        finally:
            connected.abort()

    def wait_for(self, call: Coroutine[Any, Any, T]) -> T:
        """Await `call` in the loop, and return or raise what it does."""
        return asyncio.run_coroutine_threadsafe(call, self.loop).result()

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


class AwaitedSocket:
    """An aio.LocalSocket whose calls wait."""

    def __init__(self, face: AioFace, socket: aio.LocalSocket) -> None:
        self.socket = socket
        self._face = face

    def read(self, max_bytes: int | None = None, *, timeout: float) -> bytes:
        return self._face.wait_for(self.socket.read(max_bytes, timeout=timeout))

    def read_exactly(self, count: int, *, timeout: float) -> bytes:
        return self._face.wait_for(self.socket.read_exactly(count, timeout=timeout))

    def read_line(self, *, timeout: float) -> bytes:
        return self._face.wait_for(self.socket.read_line(timeout=timeout))

    def write(self, data: bytes, *, timeout: float) -> None:
        self._face.wait_for(self.socket.write(data, timeout=timeout))

    def shutdown_write(self, *, timeout: float) -> None:
        self._face.wait_for(self.socket.shutdown_write(timeout=timeout))

    def wait_disconnected(self, timeout: float) -> bool:
        return self._face.wait_for(self.socket.wait_disconnected(timeout))

    def close(self, *, timeout: float) -> None:
        self._face.wait_for(self.socket.close(timeout=timeout))

    def abort(self) -> None:
        async def abort() -> None:
            self.socket.abort()
            await self.socket.close()  # until the loop has let go of the descriptor

        self._face.wait_for(abort())


class AwaitedListener:
    """An aio.LocalServer whose calls wait."""

    def __init__(self, face: AioFace, server: aio.LocalServer) -> None:
        self.server = server
        self._face = face

    def accept(self, *, timeout: float) -> AwaitedSocket:
        return AwaitedSocket(self._face, self._face.wait_for(self.server.accept(timeout=timeout)))

    def close(self) -> None:
        async def close() -> None:
            self.server.close()

        self._face.wait_for(close())


async def _awaited(opening: aio.Opening[Opened]) -> Opened:
    return await opening
