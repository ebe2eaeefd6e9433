"""The anyio API of one connected byte stream: one of the tasks that wait on it moves the bytes for all."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Self

import anyio
import anyio.lowlevel
from anyio.abc import ByteStream, SocketAttribute

from localsocket.anyio.translating import anyio_errors
from localsocket.anyio.waiting import Waiters, Watch, wait_hung_up
from localsocket.awaited.awaited_socket import AwaitedSocket
from localsocket.deadlines import Deadline, check_count
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import Busy
from localsocket.interfaces import DEFAULT_LIMITS, KIB, Buffer, Limits, OpenMode, SocketState
from localsocket.sockets.connected_socket import T


class LocalSocketAttribute(anyio.TypedAttributeSet):
    """Attributes of a LocalSocket, also through streams that wrap it: `stream.extra(LocalSocketAttribute.peer)`."""

    address: str = anyio.typed_attribute()
    peer: PeerCredentials = anyio.typed_attribute()


class LocalSocket(AwaitedSocket, ByteStream):
    """A connected local socket whose waiting calls are awaited, and an anyio ByteStream; for the tasks of one loop.

    Time-outs are in seconds: None waits for ever, 0 does not wait. Each call has one deadline, and raises
    DeadlinePassed (a TimeoutError) when it passes. Cancel scopes have the same effect on the stream: nothing is lost,
    and nothing arrives twice. Every call is a checkpoint.

    Bytes move while some task waits on the socket: bytes left unsent by an interrupted write go out with the next call
    that waits, or with flush() or close().

    receive(), send(), send_eof(), aclose() and iterating follow anyio and raise its errors, with ours as their cause;
    the methods that all our APIs have raise ours. Iterate to get pieces as they arrive, as with every ByteStream;
    lines() returns lines. As an async context manager it closes itself, waiting up to 5 s for unsent bytes to be
    accepted.
    """

    __slots__ = ("_waiters", "_waiting_for_hang_up")

    def __init__(
        self,
        sock: socket.socket,
        *,
        address: str,
        peer: PeerCredentials,
        mode: OpenMode = "rw",
        limits: Limits = DEFAULT_LIMITS,
        on_closed: Callable[[], None] | None = None,
    ) -> None:
        self._waiters = Waiters()
        self._waiting_for_hang_up = 0
        super().__init__(sock, address=address, peer=peer, mode=mode, limits=limits, on_closed=on_closed)

    async def write(self, data: Buffer, *, timeout: float | None = None) -> None:
        """Send `data`, waiting until the kernel has accepted all of it, in one piece however many tasks write."""
        await anyio.lowlevel.checkpoint()
        await super().write(data, timeout=timeout)

    def lines(self) -> AsyncIterator[bytes]:
        """Iterate over the lines, without their endings, to the end of the stream; each wait has no time limit."""
        return super().__aiter__()

    # --- as anyio's ByteStream ----------------------------------------------------------------------------------------

    async def receive(self, max_bytes: int = 64 * KIB) -> bytes:
        """Return what has arrived, at most `max_bytes`, waiting for at least one byte; anyio.EndOfStream at the end."""
        check_count(max_bytes, "max_bytes", minimum=1)
        with anyio_errors("reading from"):
            data = await self.read(max_bytes)
        if not data:
            raise anyio.EndOfStream
        return data

    def __aiter__(self) -> Self:
        return self

    async def send(self, item: bytes) -> None:
        """Send `item`, waiting until the kernel has accepted all of it; see write()."""
        with anyio_errors("writing to"):
            await self.write(item)

    async def send_eof(self) -> None:
        """Finish sending; see shutdown_write()."""
        with anyio_errors("writing to"):
            await self.shutdown_write()

    async def aclose(self) -> None:
        """Send unsent bytes, then close; see close(). anyio.BrokenResourceError says that bytes were lost."""
        with anyio_errors("writing to"):
            await self.close()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return {
            LocalSocketAttribute.address: lambda: self.address,
            LocalSocketAttribute.peer: lambda: self.peer,
            SocketAttribute.family: lambda: self._sock.family,
            SocketAttribute.local_address: lambda: self._end_name(self._sock.getsockname),
            SocketAttribute.raw_socket: lambda: self._sock,
            SocketAttribute.remote_address: lambda: self._end_name(self._sock.getpeername),
        }

    def _end_name(self, ask: Callable[[], str | bytes]) -> str | bytes:
        with anyio_errors("asking"):
            self._check_open()
        # For the kernel a server still has the name that it had until it was listening.
        return (self.address or name) if (name := ask()) else ""

    # --- waiting ------------------------------------------------------------------------------------------------------

    async def _wait_for(self, attempt: Callable[[], T | None], deadline: Deadline, doing: str) -> T:
        await anyio.lowlevel.checkpoint()
        if (result := attempt()) is None:
            self._move_bytes()
            result = await super()._wait_for(attempt, deadline, doing)
        return result

    async def _wait(self, deadline: Deadline) -> None:
        try:
            has_watched = await self._waiters.wait(self._watched(), deadline.remaining())
        finally:
            if self._state is SocketState.CLOSED:
                self._close_descriptor()
        if has_watched:
            self._move_bytes()

    def _watched(self) -> list[Watch]:
        watched: list[Watch] = []
        if self._received.room and not self._received.has_ended:
            watched.append((anyio.wait_readable, self._descriptor))
        elif self._waiting_for_hang_up:
            watched.append((wait_hung_up, self._descriptor))
        if self._unsent:
            watched.append((anyio.wait_writable, self._descriptor))
        return watched

    def _move_bytes(self) -> None:
        self._refresh()
        if unsent := len(self._unsent):
            self._push()
            if len(self._unsent) != unsent:
                self._wake_all()

    @contextlib.contextmanager
    def _watching_for_hang_up(self) -> Iterator[None]:
        self._waiting_for_hang_up += 1
        try:
            yield
        finally:
            self._waiting_for_hang_up -= 1

    def _wake_all(self) -> None:
        self._waiters.wake_all()

    def _current_owner(self) -> int:
        try:
            return anyio.get_current_task().id
        except RuntimeError:  # no loop runs, and so nobody else either
            return 0

    # --- ending -------------------------------------------------------------------------------------------------------

    def _leaving(self) -> None:
        if self._waiters.are_watching:
            raise Busy("another task waits on this socket")

    def _close_descriptor(self) -> None:
        if not self._waiters.are_watching:  # who watches closes it then
            self._sock.close()  # which may be closed: the garbage collector finalizes a cycle in any order
            self._closed()

    async def _wait_closed(self) -> None:
        await self._waiters.wait_unwatched()
