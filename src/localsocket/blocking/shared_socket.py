"""One connection that many threads wait on for different things: one of them receives for all."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable

from localsocket.blocking.waiting import HUNG_UP, READABLE, WRITABLE, Waiters
from localsocket.deadlines import Deadline
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import ClosedByPeer, LocalSocketError
from localsocket.interfaces import DEFAULT_LIMITS, Limits, OpenMode, SocketState
from localsocket.sockets.connection import RECEIVE_SIZE
from localsocket.sockets.stream import Stream


class Turn:
    """What a thread waits for: `is_done` is set, with finish(), under the lock of the socket, by whoever brings it."""

    __slots__ = ("_bell", "is_done")

    def __init__(self) -> None:
        self.is_done = False
        self._bell: threading.Lock | None = None  # made by the thread, under the lock, when it has to sleep

    def finish(self) -> None:
        self.is_done = True
        self.ring()

    def prepare_to_sleep(self) -> None:
        if self._bell is None:
            self._bell = threading.Lock()
            self._bell.acquire()

    def sleep(self, seconds: float | None) -> None:
        """Wait until ring(), or until the time is over."""
        assert self._bell is not None
        self._bell.acquire(timeout=-1 if seconds is None else min(seconds, threading.TIMEOUT_MAX))

    def ring(self) -> None:
        if self._bell is not None and self._bell.locked():
            self._bell.release()


class SharedSocket(Stream):
    """A connected socket whose bytes are handed out as they arrive, to what begin() says; for any number of threads.

    A thread that waits for something receives, and takes in what is for others too; those sleep meanwhile. When it has
    what it waited for, the next in line goes on. `lock` is held while anything of what begin() says is called.
    """

    __slots__ = ("_flushing", "_is_receiving", "_line", "_on_bytes", "_on_end", "_waiters", "lock")

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
        self.lock = threading.RLock()  # the garbage collector may close a stream in the midst of anything
        self._waiters = Waiters()
        self._line: deque[Turn] = deque()
        self._is_receiving = False
        self._flushing: list[Turn] = []
        self._on_bytes: Callable[[bytes], object]
        self._on_end: Callable[[LocalSocketError], object]
        super().__init__(sock, address=address, peer=peer, mode=mode, limits=limits, on_closed=on_closed)

    def begin(self, on_bytes: Callable[[bytes], object], on_end: Callable[[LocalSocketError], object]) -> None:
        """From now on call `on_bytes` with what arrives, and `on_end` with why nothing more will."""
        self._on_bytes = on_bytes
        self._on_end = on_end

    def wait(self, turn: Turn, deadline: Deadline) -> bool:
        """Wait until the turn is done, receiving for all if nobody else does; False when the time is over before."""
        if not self._wait_in_line(turn, deadline):
            return turn.is_done
        try:
            return self._receive_for_all(turn, deadline)
        finally:
            with self.lock:
                self._is_receiving = False
                self._wake_next()

    def wait_sent(self, deadline: Deadline) -> bool:
        """Wait until the kernel has taken everything that was written; False when the time is over before."""
        turn = Turn()
        with self.lock:
            if not self._unsent:
                return True
            self._flushing.append(turn)
        return self.wait(turn, deadline)

    def _wait_in_line(self, turn: Turn, deadline: Deadline) -> bool:
        """Return whether it is this thread that receives now; else the turn is done, or the time is over."""
        with self.lock:
            if turn.is_done:
                return False
            if not self._is_receiving:
                self._is_receiving = True
                return True
            turn.prepare_to_sleep()
            self._line.append(turn)
        try:
            while not turn.is_done and not deadline.has_passed():
                turn.sleep(deadline.remaining())
                with self.lock:
                    if not turn.is_done and not self._is_receiving:
                        self._is_receiving = True
                        return True
            return False
        finally:
            with self.lock:
                self._line.remove(turn)
                self._wake_next()

    def _wake_next(self) -> None:
        if self._line and not self._is_receiving:
            self._line[0].ring()

    def close_soon(self) -> None:
        """Send what the kernel takes now, and close; who waits is told by whoever calls this."""
        with self._lock:
            if self._state is SocketState.CONNECTED:
                self._push()
            self._finish_closing()

    def wake_receiver(self) -> None:
        """Have whoever receives look whether its turn is done, or whether there is something to send."""
        with self._lock:
            self._waiters.wake_all()

    # ------------------------------------------------------------------------------------------------------------------

    def _receive_for_all(self, turn: Turn, deadline: Deadline) -> bool:
        has_looked = False
        while not turn.is_done:
            if has_looked and deadline.has_passed():
                return False
            with self._lock:
                events = READABLE | (WRITABLE if self._unsent else 0)
                if self._is_closed():
                    self._tell_end(self._closed_by())
                    continue
                waker = self._waiters.enter()
            try:
                ready = waker.wait(self._descriptor, events, deadline.remaining())
            finally:
                with self._lock:
                    self._waiters.leave(waker)
                    if self._is_closed() and not self._waiters:
                        super()._close_descriptor()
            has_looked = True
            if ready & WRITABLE:
                self._send_more()
            if ready & (READABLE | HUNG_UP):
                self._receive()
        return True

    def _receive(self) -> None:
        try:
            chunk = self._sock.recv(RECEIVE_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            with self._lock:
                if self._is_closed():
                    return
                self._note_read_failure(error)
            failure = self._failure
            assert failure is not None
            self._tell_end(failure())
            return
        if not chunk:
            self._tell_end(ClosedByPeer("its answers were awaited"))
            return
        with self.lock:
            self._on_bytes(chunk)

    def _send_more(self) -> None:
        with self._lock:
            self._push()
            failure = self._write_failure
        if not self._unsent:
            with self.lock:
                flushing, self._flushing = self._flushing, []
                for turn in flushing:
                    turn.finish()
        if failure is not None:
            self._receive()  # what the peer sent before it closed, and then the end

    def _tell_end(self, error: LocalSocketError) -> None:
        with self.lock:
            flushing, self._flushing = self._flushing, []
            for turn in flushing:
                turn.finish()
            self._on_end(error)

    def _is_closed(self) -> bool:
        return self._state is not SocketState.CONNECTED

    def _has_queued(self) -> None:
        self._waiters.wake_all()

    def _finish_closing(self) -> None:
        super()._finish_closing()
        self._waiters.wake_all()

    def _close_descriptor(self) -> None:
        if not self._waiters:
            super()._close_descriptor()
