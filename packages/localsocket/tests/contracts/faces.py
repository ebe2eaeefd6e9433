"""The faces of this package as the contracts need them: the blocking one as it is, the event-driven one waited for."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TypeVar

from contracts.subjects import MessageOptions
from localsocket.blocking.connect import connect
from localsocket.blocking.event_loop import EventLoop
from localsocket.blocking.event_socket import EventSocket
from localsocket.blocking.handler import Handler
from localsocket.blocking.local_server import LocalServer, listen
from localsocket.blocking.local_socket import LocalSocket
from localsocket.blocking.message_socket import MessageSocket
from localsocket.deadlines import Deadline
from localsocket.errors import (
    ClosedByPeer,
    ClosedByUs,
    DeadlinePassed,
    EndOfStream,
    LocalSocketError,
    NeedMoreBytes,
    WriteBufferFull,
)
from localsocket.interfaces import DEFAULT_LIMITS, Limits, SocketState
from localsocket.testing import PATIENCE, Background, connected_pair

T = TypeVar("T")


class BlockingFace:
    """LocalSocket, LocalServer and MessageSocket: the caller waits."""

    connected_pair = staticmethod(connected_pair)

    def listen(self, address: str) -> LocalServer:
        return listen(address)

    @contextlib.contextmanager
    def connect(self, address: str, *, timeout: float) -> Iterator[LocalSocket]:
        socket = connect(address, timeout=timeout)
        try:
            yield socket
        finally:
            socket.abort()

    @contextlib.contextmanager
    def message_pair(
        self, one: MessageOptions, other: MessageOptions | None = None, *, kernel_buffer: int | None = None
    ) -> Iterator[tuple[MessageSocket, MessageSocket]]:
        with connected_pair(kernel_buffer=kernel_buffer) as (first, second):
            yield MessageSocket(first, **one), MessageSocket(second, **(one if other is None else other))

    @contextlib.contextmanager
    def message_end(self, options: MessageOptions) -> Iterator[tuple[MessageSocket, LocalSocket]]:
        with connected_pair() as (first, second):
            yield MessageSocket(first, **options), second


class EventFace:
    """EventSocket and EventLoop.serve(), with calls that wait for the events; a context manager that runs the loop."""

    def __init__(self) -> None:
        self.loop = EventLoop()

    @contextlib.contextmanager
    def connected_pair(
        self, *, limits: Limits = DEFAULT_LIMITS, kernel_buffer: int | None = None
    ) -> Iterator[tuple[WaitedSocket, WaitedSocket]]:
        with connected_pair(limits=limits, kernel_buffer=kernel_buffer) as (first, second):
            one, other = self._drive(first), self._drive(second)
            try:
                yield one, other
            finally:
                one.abort()
                other.abort()

    @contextlib.contextmanager
    def listen(self, address: str) -> Iterator[WaitedListener]:
        with listen(address) as server:
            listener = WaitedListener(server)
            self.loop.serve(server, _Telling(listener.arrived))
            try:
                yield listener
            finally:
                listener.close()

    @contextlib.contextmanager
    def connect(self, address: str, *, timeout: float) -> Iterator[WaitedSocket]:
        waited = self._drive(connect(address, timeout=timeout))
        try:
            yield waited
        finally:
            waited.abort()

    def __enter__(self) -> EventFace:
        self._running = Background(self.loop.run)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.loop.stop()
        self._running.result()
        self.loop.close()

    def _drive(self, socket: LocalSocket) -> WaitedSocket:
        connected: queue.SimpleQueue[WaitedSocket] = queue.SimpleQueue()
        self.loop.add(socket, _Telling(connected.put))
        return connected.get(timeout=PATIENCE)


class WaitedSocket:
    """An EventSocket with calls that wait, each time something happens, for what they need."""

    def __init__(self, socket: EventSocket) -> None:
        self.socket = socket
        self._changed = threading.Condition()
        self._failure: LocalSocketError | None = None
        self._is_ours = False  # closed by this side
        self._is_over = False

    def tell(self, *, failure: LocalSocketError | None = None, is_over: bool = False) -> None:
        """Have waiting calls look again."""
        with self._changed:
            self._failure = failure or self._failure
            self._is_over = is_over
            self._changed.notify_all()

    def read(self, max_bytes: int | None = None, *, timeout: float) -> bytes:
        def attempt() -> bytes | None:
            data = self.socket.read_available(max_bytes)
            return data if data or self.socket.is_at_end else None

        return self._wait_for(attempt, timeout, at_end=lambda: b"")

    def read_exactly(self, count: int, *, timeout: float) -> bytes:
        return self._wait_for(lambda: self.socket.read_exactly_nowait(count), timeout, at_end=_nothing_more)

    def read_line(self, *, timeout: float) -> bytes:
        return self._wait_for(self.socket.read_line_nowait, timeout, at_end=_nothing_more)

    def write(self, data: bytes, *, timeout: float) -> None:
        deadline = Deadline(timeout)
        self._wait_for(lambda: self._is_taken(data), timeout, at_end=_gone)
        try:
            self._wait_for(self._is_sent, deadline.remaining(), at_end=_gone)
        except DeadlinePassed:
            raise deadline.error("writing", queued=self.socket.bytes_to_write) from None

    def shutdown_write(self, *, timeout: float) -> None:
        self.socket.shutdown_write()
        self._wait_for(self._is_sent, timeout, at_end=lambda: True)

    def wait_disconnected(self, timeout: float) -> bool:
        def attempt() -> bool | None:
            if self._is_ours:
                raise ClosedByUs("the socket")
            return not self.socket.is_connected or None

        try:
            return self._wait_for(attempt, timeout, at_end=lambda: True)
        except DeadlinePassed:
            return False

    def close(self, *, timeout: float) -> None:
        self._is_ours = True
        self.socket.close(timeout=timeout)
        with self._changed:
            assert self._changed.wait_for(lambda: self._is_over, PATIENCE)
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def abort(self) -> None:
        self._is_ours = True
        self.socket.abort()

    def _is_taken(self, data: bytes) -> bool | None:
        try:
            self.socket.write(data)
        except WriteBufferFull:
            return None
        return True

    def _is_sent(self) -> bool | None:
        return not self.socket.flush_nowait() or None

    def _wait_for(self, attempt: Callable[[], T | None], timeout: float | None, *, at_end: Callable[[], T]) -> T:
        """Try again after each event; `at_end` answers for a socket that is gone because its peer is."""
        deadline = Deadline(timeout)
        with self._changed:
            while True:
                try:
                    if (result := attempt()) is not None:
                        return result
                except NeedMoreBytes:
                    pass
                except (ClosedByUs, ClosedByPeer):
                    if self._is_ours or self.socket.state is SocketState.CONNECTED:
                        raise
                if self._failure is not None and not self._is_ours:
                    raise self._failure
                if self._is_over:
                    return at_end()
                if deadline.has_passed():
                    raise deadline.error("waiting")
                self._changed.wait(deadline.remaining())


class WaitedListener:
    """A server in a loop, with a call that waits for the next connection."""

    def __init__(self, server: LocalServer) -> None:
        self._server = server
        self._changed = threading.Condition()
        self._arrived: deque[WaitedSocket] = deque()

    def arrived(self, waited: WaitedSocket) -> None:
        with self._changed:
            if not self._server.is_listening:
                waited.abort()
            self._arrived.append(waited)
            self._changed.notify()

    def accept(self, *, timeout: float) -> WaitedSocket:
        deadline = Deadline(timeout)
        with self._changed:
            while True:
                if not self._server.is_listening:
                    raise ClosedByUs("the server")
                if self._arrived:
                    return self._arrived.popleft()
                if deadline.has_passed():
                    raise deadline.error("accepting")
                self._changed.wait(deadline.remaining())

    def close(self) -> None:
        with self._changed:
            self._server.close()
            while self._arrived:
                self._arrived.popleft().abort()
            self._changed.notify_all()


class _Telling(Handler):
    """Tells the WaitedSocket of each socket what has happened, and leaves everything else to its callers."""

    def __init__(self, on_connected: Callable[[WaitedSocket], object]) -> None:
        self._on_connected = on_connected

    def connected(self, socket: EventSocket) -> None:
        socket.context = WaitedSocket(socket)
        self._on_connected(socket.context)

    def ready_read(self, socket: EventSocket) -> None:
        socket.context.tell()

    def bytes_written(self, socket: EventSocket, count: int) -> None:
        socket.context.tell()

    def end_of_stream(self, socket: EventSocket) -> None:
        socket.context.tell()

    def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
        socket.context.tell(failure=error)

    def disconnected(self, socket: EventSocket) -> None:
        socket.context.tell(is_over=True)


def _nothing_more() -> bytes:
    raise EndOfStream("what was asked for", 0)


def _gone() -> bool:
    raise ClosedByPeer("writing to it")
