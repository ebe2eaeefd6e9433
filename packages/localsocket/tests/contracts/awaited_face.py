"""A face whose calls are awaited, as the contracts need it: in a loop on another thread, for calls that wait."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Awaitable, Coroutine, Iterator
from typing import Any, Protocol, TypeVar

from localsocket.awaited.awaited_server import AwaitedServer
from localsocket.awaited.awaited_socket import AwaitedSocket
from localsocket.interfaces import DEFAULT_LIMITS, Limits
from localsocket.testing import set_kernel_buffer

T = TypeVar("T")


class AwaitedPackage(Protocol):
    """What localsocket.aio and localsocket.anyio have in common."""

    def pair(self, *, limits: Limits) -> tuple[AwaitedSocket, AwaitedSocket]: ...

    def listen(self, address: str) -> Awaitable[AwaitedServer[Any]]: ...

    def connect(self, address: str, *, timeout: float) -> Awaitable[AwaitedSocket]: ...


class AwaitedFace(abc.ABC):
    """The sockets and servers of `package`, with calls that wait."""

    def __init__(self, package: AwaitedPackage) -> None:
        self._package = package

    @abc.abstractmethod
    def wait_for(self, call: Coroutine[Any, Any, T]) -> T:
        """Await `call` in the loop, and return or raise what it does."""

    @contextlib.contextmanager
    def connected_pair(
        self, *, limits: Limits = DEFAULT_LIMITS, kernel_buffer: int | None = None
    ) -> Iterator[tuple[WaitingSocket, WaitingSocket]]:
        first, second = self._package.pair(limits=limits)
        one, other = WaitingSocket(self, first), WaitingSocket(self, second)
        try:
            for end in (first, second):
                if kernel_buffer is not None:
                    set_kernel_buffer(end, kernel_buffer)
            yield one, other
        finally:
            one.abort()
            other.abort()

    @contextlib.contextmanager
    def listen(self, address: str) -> Iterator[WaitingListener]:
        listener = WaitingListener(self, self.wait_for(_awaited(self._package.listen(address))))
        try:
            yield listener
        finally:
            listener.close()

    @contextlib.contextmanager
    def connect(self, address: str, *, timeout: float) -> Iterator[WaitingSocket]:
        connected = WaitingSocket(self, self.wait_for(_awaited(self._package.connect(address, timeout=timeout))))
        try:
            yield connected
        finally:
            connected.abort()


class WaitingSocket:
    """A socket whose calls wait."""

    def __init__(self, face: AwaitedFace, socket: AwaitedSocket) -> None:
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
            await self.socket.close()  # until the descriptor is closed

        self._face.wait_for(abort())


class WaitingListener:
    """A server whose calls wait."""

    def __init__(self, face: AwaitedFace, server: AwaitedServer[Any]) -> None:
        self.server = server
        self._face = face

    def accept(self, *, timeout: float) -> WaitingSocket:
        return WaitingSocket(self._face, self._face.wait_for(self.server.accept(timeout=timeout)))

    def close(self) -> None:
        async def close() -> None:
            self.server.close()

        self._face.wait_for(close())


async def _awaited(opening: Awaitable[T]) -> T:
    return await opening
