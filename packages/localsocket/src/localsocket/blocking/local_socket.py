"""The blocking face of one connected byte stream: the waiting caller itself reads and sends."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType

from localsocket.blocking.waiting import HUNG_UP, READABLE, WRITABLE, Waiters, Waker, lend_waker
from localsocket.deadlines import Deadline, check_count
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import Busy, DeadlinePassed, EndOfStream, LocalSocketError
from localsocket.interfaces import DEFAULT_LIMITS, Buffer, Limits, OpenMode, SocketState, as_bytes
from localsocket.sockets.caller_driven import CLOSE_TIMEOUT, CallerDrivenSocket
from localsocket.sockets.connected_socket import T
from localsocket.wire.byte_buffer import ByteBuffer


class LocalSocket(CallerDrivenSocket):
    """A connected local socket, driven by the calls that you make; any thread may read, write and close.

    Time-outs are in seconds: None waits for ever, 0 does not wait. Each call has one deadline, and raises
    DeadlinePassed (a TimeoutError) when it passes. A waiting call moves bytes in both directions, as far as the limits
    allow, so two programs that write to each other at the same time do not block each other for ever.

    Iterate to get lines. As a context manager it closes itself, waiting up to 5 s for unsent bytes to be accepted.
    """

    __slots__ = ("_waiters",)

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
        super().__init__(sock, address=address, peer=peer, mode=mode, limits=limits, on_closed=on_closed)

    # --- reading ------------------------------------------------------------------------------------------------------

    def read(self, max_bytes: int | None = None, *, timeout: float | None = None) -> bytes:
        """Return what has arrived, at most `max_bytes`, waiting for at least one byte; b"" at the end of the stream.

        On DeadlinePassed nothing is consumed. Raises ClosedByPeer if the peer closed without reading everything.
        """
        if max_bytes is not None:
            check_count(max_bytes, "max_bytes")
        return self._read(partial(self._take_some, max_bytes), Deadline(timeout), "reading")

    def read_exactly(self, count: int, *, timeout: float | None = None) -> bytes:
        """Return the next `count` bytes, waiting until all of them have arrived.

        On DeadlinePassed nothing is consumed: call again to continue. Raises EndOfStream if the peer finishes first;
        the bytes that did arrive stay readable. Raises LimitExceeded if `count` is more than Limits.read_buffer.
        """
        check_count(count, "count")
        return self._read(partial(self._received.take_exactly, count), Deadline(timeout), f"reading {count} bytes")

    def read_line(
        self, *, timeout: float | None = None, max_bytes: int | None = None, keep_ending: bool = False
    ) -> bytes:
        r"""Return the next line without its ending, waiting until `timeout`.

        A line ends with \n. Data left at the end of the stream counts as a line; `keep_ending=True` lets you tell it
        from a complete one. Raises EndOfStream when nothing is left. On DeadlinePassed nothing is consumed: call again
        to continue. Several threads may call; each line goes to one. Raises LineTooLong if `max_bytes` (default
        Limits.line) arrive without an ending; the bytes stay readable with read().
        """
        return self._read(self._line_taker(max_bytes, keep_ending=keep_ending), Deadline(timeout), "reading a line")

    def read_to_end(self, *, timeout: float | None = None, max_bytes: int | None = None) -> bytes:
        """Return everything up to the end of the stream, waiting for the peer to finish sending.

        Raises LimitExceeded if more than `max_bytes` arrive, or if they fill the read buffer before the end has come
        (so the default allows one byte less than Limits.read_buffer); the bytes stay readable.
        """
        limit = self.limits.read_buffer if max_bytes is None else check_count(max_bytes, "max_bytes")
        return self._read(partial(self._received.take_to_end, limit), Deadline(timeout), "reading to the end")

    def read_parsed(self, parse: Callable[[ByteBuffer], T | None], doing: str, *, timeout: float | None = None) -> T:
        """Return the result of `parse` on the received bytes, waiting until it is not None.

        `parse` is called whenever more bytes have arrived, with the buffer that holds them, and takes from it what it
        needs. One thread at a time calls it. `doing` appears in the message of DeadlinePassed.
        """
        return self._read(partial(parse, self._received), Deadline(timeout), doing)

    def wait_readable(self, timeout: float | None = None) -> bool:
        """Wait until at least one byte can be read; return False if the stream ends or the time runs out first.

        Raises LimitExceeded if the data that a transaction has read so far fills the buffer.
        """
        deadline = Deadline(timeout)
        try:
            return self._wait_for(self._is_readable, deadline, "waiting for bytes")
        except DeadlinePassed:
            return False

    def __iter__(self) -> Iterator[bytes]:
        """Iterate over the lines, without their endings, to the end of the stream, waiting for each for ever."""
        while True:
            try:
                yield self.read_line()
            except EndOfStream:
                return

    # --- writing ------------------------------------------------------------------------------------------------------

    def write(self, data: Buffer, *, timeout: float | None = None) -> None:
        """Send `data`, waiting until the kernel has accepted all of it, in one piece however many threads write.

        After DeadlinePassed, look at its `queued`. If it is 0, nothing was written: call again. Otherwise the kernel
        accepted a part; the other `queued` bytes are kept, go out with the next waiting call, flush() or close(), and
        must not be written again. Raises ClosedByPeer, ClosedByUs, WrongMode, BrokenEndpoint.
        """
        deadline = Deadline(timeout)
        data = as_bytes(data)
        end: int | None = 0
        try:
            with self._lock:
                end = self._begin_write(data)
            if end is None:
                return
            if not end:
                end = self._wait_for(partial(self._enqueue, data), deadline, "writing")
            self._wait_for(partial(self._is_sent, end), deadline, "writing")
        except BaseException as error:
            with self._lock:
                if self._break_off_write(error, end or 0, deadline):
                    return
            raise

    def flush(self, *, timeout: float | None = None) -> None:
        """Wait until the kernel has accepted everything that was written.

        On DeadlinePassed the rest stays queued. "Accepted" means that a live peer can read it, not that it has.
        """
        self._wait_for(self._is_flushed, Deadline(timeout), "flushing")

    # --- ending -------------------------------------------------------------------------------------------------------

    def shutdown_write(self, *, timeout: float | None = None) -> None:
        """Finish sending: the peer reads what is on its way and then sees the end; it can still answer.

        Waits for unsent bytes to be accepted; on DeadlinePassed nothing has changed. Calling it again has no effect.
        """
        self._wait_for(self._end_flushed_writing, Deadline(timeout), "finishing to send")

    def wait_disconnected(self, timeout: float | None = None) -> bool:
        """Wait until the peer has closed; return False if the time runs out first. Received bytes stay readable."""
        deadline = Deadline(timeout)
        try:
            return self._wait_for(self._is_disconnected, deadline, "waiting for the peer to close")
        except DeadlinePassed:
            return False

    def close(self, *, timeout: float | None = CLOSE_TIMEOUT) -> None:
        """Send unsent bytes, then close; unread bytes are dropped, and every waiting thread gets ClosedByUs.

        The socket is closed in any case; DeadlinePassed or ClosedByPeer then says how many bytes were lost. Closing
        again has no effect.
        """
        deadline = Deadline(timeout)
        with self._lock:
            if not self._begin_close():
                return
            self._waiters.wake_all()
        try:
            self._wait_for(self._is_drained, deadline, "closing")
            self._check_none_lost()
        except DeadlinePassed:
            raise deadline.error("closing", queued=len(self._unsent)) from None
        finally:
            self.abort()

    def __enter__(self) -> LocalSocket:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        # The error on its way out is the one that matters: it must not be replaced by what closing says.
        with contextlib.suppress(LocalSocketError):
            self.close()

    # --- waiting ------------------------------------------------------------------------------------------------------

    def _read(self, take: Callable[[], T | None], deadline: Deadline, doing: str) -> T:
        return self._wait_for(partial(self._try_to_read, take), deadline, doing, is_reading=True)

    def _wait_for(
        self, attempt: Callable[[], T | None], deadline: Deadline, doing: str, *, is_reading: bool = False
    ) -> T:
        """Move bytes until `attempt` gives something other than None, or raises, or the deadline passes."""
        events = 0
        has_waited = False
        while True:
            waker: Waker | None = None
            try:
                with self._lock:
                    if events:
                        self._move_bytes(events)
                    result = attempt()
                    if result is not None:
                        return result
                    if has_waited and deadline.has_passed():
                        raise deadline.error(doing)
                    interest = None if is_reading and self._is_others_transaction() else self._interest()
                    waker = lend_waker()
                    self._waiters.enter(waker)
                events = waker.wait(self._descriptor, interest, deadline.remaining())
                with self._lock:
                    self._leave(waker)
            except BaseException:
                if waker is not None:
                    self._break_off_waiting(waker)
                raise
            has_waited = True

    def _interest(self) -> int:
        interest = 0
        if self._received.room and not self._received.has_ended:
            interest |= READABLE
        if self._unsent:
            interest |= WRITABLE
        return interest

    def _move_bytes(self, events: int) -> None:
        if self._state is SocketState.CLOSED:
            return
        if events & (READABLE | HUNG_UP):
            self._pull()
        if events & (WRITABLE | HUNG_UP):
            self._push()
        self._waiters.wake_all()

    def _leave(self, waker: Waker) -> None:
        self._waiters.leave(waker)
        self._has_left()

    def _break_off_waiting(self, waker: Waker) -> None:
        with self._lock:
            self._waiters.break_off(waker)
            self._has_left()

    def _has_left(self) -> None:
        if self._state is SocketState.CLOSED and not self._waiters:
            self._close_descriptor()

    def _refresh(self) -> bool:
        # One receive: what it brings has arrived, and asking again could go on as long as the peer sends.
        has_changed = self._pull()
        if has_changed:
            self._waiters.wake_all()
        return has_changed

    def _leaving(self) -> None:
        if self._waiters:
            raise Busy("another thread waits on this socket")

    def _limits_changed(self) -> None:
        self._waiters.wake_all()

    def _has_queued(self) -> None:
        self._waiters.wake_all()  # they may be polling for reading only

    def _has_sent(self) -> None:
        self._waiters.wake_all()

    def _others_may_read(self) -> None:
        self._waiters.wake_all()

    def _finish_closing(self) -> None:
        super()._finish_closing()
        self._waiters.wake_all()

    def _close_descriptor(self) -> None:
        if not self._waiters:
            super()._close_descriptor()
