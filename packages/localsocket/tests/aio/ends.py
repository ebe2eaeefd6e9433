"""A socket of the asyncio face and what is at its other end: a plain socket of the operating system."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator, Callable, Iterator

from localsocket import aio
from localsocket.interfaces import DEFAULT_LIMITS, Limits, OpenMode
from localsocket.testing import PATIENCE, set_kernel_buffer

SMALL = 4096
"""A kernel buffer that is full soon."""


@contextlib.asynccontextmanager
async def connected(
    *,
    limits: Limits = DEFAULT_LIMITS,
    mode: OpenMode = "rw",
    attached: bool = False,
    kernel_buffer: int | None = None,
) -> AsyncIterator[tuple[aio.LocalSocket, Peer]]:
    """Give a socket, which the loop receives for already if it is `attached`, and its peer; close both at the end."""
    ours, theirs = socket.socketpair()
    async with closing(aio.LocalSocket.adopt_descriptor(ours.detach(), mode=mode, limits=limits)) as stream:
        with theirs:
            if kernel_buffer is not None:
                set_kernel_buffer(stream, kernel_buffer)
            if attached:
                await attach(stream)
            yield stream, Peer(theirs)


@contextlib.asynccontextmanager
async def closing(*streams: aio.LocalSocket) -> AsyncIterator[aio.LocalSocket]:
    """Give the first, and close all at the end without waiting for their peers."""
    try:
        yield streams[0]
    finally:
        for stream in streams:
            stream.abort()
            await stream.close()  # until the loop has let go of it


async def attach(stream: aio.LocalSocket) -> None:
    """Have the loop receive from now on, as it does after the first call that had to wait."""
    async with waiting(stream.flush() if stream.bytes_to_write else stream.wait_disconnected()):
        await turns_until(lambda: stream._transport is not None and stream._attaching is None)


@contextlib.asynccontextmanager
async def waiting(*calls: object) -> AsyncIterator[asyncio.Task[object]]:
    """Have calls wait beside the block; what still waits at its end is cancelled."""
    tasks = [asyncio.ensure_future(call) for call in calls]  # type: ignore[arg-type, var-annotated]
    try:
        await turns(3)
        yield tasks[0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def held(stream: aio.LocalSocket) -> int:
    """Return how many bytes it has read ahead, without having it look for more."""
    return len(stream._received) + len(stream._fresh or b"")


async def turns(count: int) -> None:
    """Let the loop go round so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def turns_until(condition: Callable[[], object]) -> None:
    """Let the loop go round until the condition holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0)


@contextlib.contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Have the system refuse every new descriptor inside the block, as it does where too many are open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Peer:
    """The other end: what it does is done at once, by system calls of its own."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock

    def send(self, data: bytes) -> None:
        assert self.sock.send(data) == len(data)

    def receive(self) -> bytes:
        """Return all that is there; b"" also at the end, of whatever kind."""
        pieces = []
        with contextlib.suppress(BlockingIOError, ConnectionResetError):
            while piece := self.sock.recv(65536):
                pieces.append(piece)
        return b"".join(pieces)

    async def receive_to_end(self) -> bytes:
        """Return all up to the end of the stream, waiting for it."""
        pieces = []
        loop = asyncio.get_running_loop()
        while piece := await loop.sock_recv(self.sock, 65536):
            pieces.append(piece)
        return b"".join(pieces)

    async def receive_exactly(self, count: int) -> bytes:
        received = b""
        while len(received) < count:
            received += await asyncio.get_running_loop().sock_recv(self.sock, count - len(received))
        return received

    def end(self) -> None:
        """Finish sending."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.sock.close()


def pattern(size: int, start: int = 0) -> bytes:
    """Return bytes in which a piece that is missing, doubled or moved shows."""
    return b"".join(number.to_bytes(4, "big") for number in range(start, start + size // 4))
