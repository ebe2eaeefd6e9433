"""The faces of a client, so that one scenario runs on all: who waits differs, what is true does not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar, Unpack

import localsocket
from conformance.awaited import Awaited, AwaitedPackage
from conformance.recorder import PATIENCE, Recorder
from localsocket import EventLoop, EventSocket, LocalSocket, aio
from localsocket.sockets.connector import ConnectOptions

Client: TypeAlias = LocalSocket | EventSocket
T = TypeVar("T")


class BlockingFace:
    """The caller waits."""

    def connect(self, address: str | os.PathLike[str], **options: Unpack[ConnectOptions]) -> LocalSocket:
        return localsocket.connect(address, **options)

    def wait_for_bytes(self, socket: Client, count: int) -> None:
        """Return when `count` bytes can be read without waiting."""
        assert isinstance(socket, LocalSocket)
        with contextlib.suppress(_OnlyLooking), socket.transaction():
            socket.read_exactly(count, timeout=PATIENCE)
            raise _OnlyLooking

    def wait_for_end(self, socket: Client) -> None:
        """Return when the peer has closed."""
        assert not isinstance(socket, EventSocket)
        assert socket.wait_disconnected(PATIENCE)

    def at_end(
        self, address: str, act: Callable[[], None], read: Callable[[Client], T], **options: Unpack[ConnectOptions]
    ) -> T:
        """Connect, `act`, wait for the peer to close, and only then `read`."""
        with self.connect(address, **options) as socket:
            act()
            self.wait_for_end(socket)
            return read(socket)


class TaskFace(BlockingFace):
    """A task waits, and the caller for it."""

    def __init__(self, package: AwaitedPackage) -> None:
        self._package = package

    def connect(self, address: str | os.PathLike[str], **options: Unpack[ConnectOptions]) -> Any:
        return self._package.connect(address, **options)

    def wait_for_bytes(self, socket: Client, count: int) -> None:
        async def look(stream: aio.LocalSocket) -> None:
            with contextlib.suppress(_OnlyLooking), stream.transaction():
                await stream.read_exactly(count, timeout=PATIENCE)
                raise _OnlyLooking

        assert isinstance(socket, Awaited)
        socket.do(look)


class EventFace:
    """A loop waits, and a recorder is told."""

    def __init__(self, loop: EventLoop) -> None:
        self.loop = loop
        self.recorder = Recorder()

    def connect(self, address: str | os.PathLike[str], **options: Unpack[ConnectOptions]) -> EventSocket:
        socket = self.loop.connect(address, self.recorder, **options)
        self.recorder.wait_until(lambda: socket in self.recorder.sockets, "the connection to be announced")
        return socket

    def wait_for_bytes(self, socket: Client, count: int) -> None:
        assert isinstance(socket, EventSocket)
        self.recorder.wait_until(lambda: socket.bytes_available >= count, f"{count} bytes to read")

    def wait_for_end(self, socket: Client) -> None:
        assert isinstance(socket, EventSocket)
        self.recorder.wait_until(lambda: "disconnected" in self.recorder.events(socket), "the end")

    def at_end(
        self, address: str, act: Callable[[], None], read: Callable[[Client], T], **options: Unpack[ConnectOptions]
    ) -> T:
        """Connect, `act`, and `read` in the event that says that no more will come."""
        reader = _ReadAtEnd(read)
        self.loop.connect(address, reader, **options)
        act()
        reader.wait_for("disconnected")
        assert reader.count("end_of_stream") == 1
        return reader.results.pop()


Face: TypeAlias = BlockingFace | TaskFace | EventFace


class _ReadAtEnd(Recorder, Generic[T]):
    def __init__(self, read: Callable[[Client], T]) -> None:
        super().__init__()
        self.results: list[T] = []
        self._read = read

    def end_of_stream(self, socket: EventSocket) -> None:
        self.results.append(self._read(socket))
        super().end_of_stream(socket)


class _OnlyLooking(Exception):
    """Leaves a transaction, which gives back what was read in it."""
