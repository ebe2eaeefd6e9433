"""One connected byte stream: everything that can be done with it without waiting."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from localsocket._core import short_ways
from localsocket.deadlines import check_count
from localsocket.errors import Busy, EndOfStream, NeedMoreBytes, WriteBufferFull, WrongMode
from localsocket.interfaces import Buffer, SocketState, as_bytes
from localsocket.sockets.connection import Connection

T = TypeVar("T")


@short_ways("write_nowait")
class ConnectedSocket(Connection):
    """What every connected socket can do at once, from any thread.

    A write is never interleaved with another. Everything received before the peer closed stays readable. After
    close() or abort() every call raises ClosedByUs, except a second close.

    `address` is the address text it was connected through, `peer` who is at the other end, `mode` the directions it
    is open for, `limits` how much it may hold.
    """

    __slots__ = ()

    # --- what it is ---------------------------------------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Whether neither side has closed; a peer that only finished sending is still connected."""
        with self._lock:
            return self._state is SocketState.CONNECTED and not self._is_hung_up()

    @property
    def is_at_end(self) -> bool:
        """Whether the peer finished sending and everything has been read."""
        with self._lock:
            if self._state is not SocketState.CONNECTED:
                return True
            self._refresh()
            return self._received.has_ended and not len(self._received)

    @property
    def bytes_available(self) -> int:
        """How many bytes read_available() would return now."""
        with self._lock:
            self._refresh_if_open()
            return len(self._received)

    @property
    def bytes_to_write(self) -> int:
        """How many written bytes the kernel has not accepted yet."""
        return len(self._unsent)

    @property
    def has_line(self) -> bool:
        """Whether a whole line, with its ending, has arrived."""
        with self._lock:
            self._refresh_if_open()
            return self._received.has_line

    # --- reading ------------------------------------------------------------------------------------------------------

    def read_available(self, max_bytes: int | None = None) -> bytes:
        """Return what has arrived, at most `max_bytes`, without waiting; b"" when nothing has, or at the end."""
        if max_bytes is not None:
            check_count(max_bytes, "max_bytes")
        with self._lock:
            self._check_readable()
            self._refresh()
            taken = self._received.take_available(max_bytes)
            if self._is_held:
                self._made_room()
            if not taken and self._failure and max_bytes != 0:
                raise self._failure()
            return taken

    def read_exactly_nowait(self, count: int) -> bytes:
        """Return `count` bytes that have arrived; if fewer have, raise NeedMoreBytes and consume nothing.

        Raises EndOfStream if they will never arrive, LimitExceeded if the read buffer cannot hold them.
        """
        check_count(count, "count")
        return self._take_now(partial(self._received.take_exactly, count), f"{count} bytes")

    def read_line_nowait(self, *, max_bytes: int | None = None, keep_ending: bool = False) -> bytes:
        """Return the next line that has arrived, without its ending; raise NeedMoreBytes if none has.

        See LocalSocket.read_line for what counts as a line.
        """
        return self._take_now(self._line_taker(max_bytes, keep_ending=keep_ending), "a line")

    def peek(self, count: int) -> bytes:
        """Return up to `count` bytes that have arrived, without consuming them."""
        check_count(count, "count")
        with self._lock:
            self._check_readable()
            self._refresh()
            return self._received.peek(count)

    def skip(self, count: int) -> int:
        """Drop up to `count` bytes that have arrived; return how many were dropped. Never waits for more."""
        check_count(count, "count")
        with self._lock:
            self._check_readable()
            self._refresh()
            skipped = self._received.skip(count)
            if self._is_held:
                self._made_room()
            return skipped

    def unread(self, data: Buffer) -> None:
        """Put `data` back, so that it is read first; RuntimeError inside a transaction."""
        data = bytes(as_bytes(data))
        with self._lock:
            self._check_readable()
            self._settle()
            self._received.unread(data)
            self._others_may_read()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Put back everything that was read inside the `with` block if an exception leaves it.

        Typically that is NeedMoreBytes, when a message has not arrived whole: catch it outside and try again later.
        Data keeps arriving meanwhile. The transaction belongs to the thread that began it: until it ends, waiting reads
        in other threads wait, and their other reads raise Busy. A transaction inside a transaction raises RuntimeError.
        """
        with self._lock:
            self._check_readable()
            self._settle()
            self._received.begin()
            self._transaction_owner = self._current_owner()
        try:
            yield
        except BaseException:
            with self._lock:
                self._received.roll_back()
                self._end_transaction()
            raise
        with self._lock:
            self._received.commit()
            self._end_transaction()

    @property
    def is_in_transaction(self) -> bool:
        return self._transaction_owner is not None

    # --- writing ------------------------------------------------------------------------------------------------------

    def write_nowait(self, data: Buffer) -> None:
        """Send `data`, queueing what the kernel does not accept now; all of it is accepted, or none.

        Later calls (see flush) or the loop send what is queued. Raises WriteBufferFull if other bytes are already
        waiting and `data` would exceed Limits.write_buffer; ClosedByPeer, ClosedByUs, BrokenEndpoint.
        """
        if type(data) is not bytes:
            data = as_bytes(data)
        with self._lock:
            if not self._is_writable:
                self._check_writable()
            was_queued = bool(self._unsent.size)
            try:
                sent = 0 if was_queued else self._send_some(data)
                if self._on_sent is not None and sent:
                    self._on_sent(sent)
                is_taken = sent == len(data)
                if not is_taken and self._is_writable and self._unsent.has_room_for(len(data)):
                    self._queue_rest(data, sent)
                    is_taken = True
            except BaseException:
                self._interrupted_write(len(data), was_queued=was_queued)
                raise
            if not is_taken:
                if not self._is_writable:
                    self._check_writable()
                raise WriteBufferFull(len(self._unsent), self._unsent.limit)

    def flush_nowait(self) -> int:
        """Send what the kernel accepts now; return how many bytes still wait. Raises ClosedByPeer if they are lost."""
        with self._lock:
            self._check_open()
            before = self._unsent.total_sent
            self._push()
            self._has_sent()
            if self._on_sent is not None and (sent := self._unsent.total_sent - before):
                self._on_sent(sent)
            self._check_can_be_sent()
            return len(self._unsent)

    # --- for the faces; the lock is held ------------------------------------------------------------------------------

    def _refresh_if_open(self) -> None:
        if self._state is SocketState.CONNECTED:
            self._refresh()

    def _check_readable(self) -> None:
        if self._state is not SocketState.CONNECTED:
            raise self._closed_by()
        if self.mode == "w":
            raise WrongMode("reading", self.mode)
        if self._transaction_owner is not None and self._is_others_transaction():
            raise Busy("another thread reads in a transaction")

    def _queue_rest(self, data: Buffer, sent: int) -> None:
        """Queue what the kernel has not taken of `data`, of which it has taken the first `sent` bytes."""
        # What is Laden stays so: it is bytes, of which nothing was sent.
        self._unsent.append(bytes(memoryview(data)[sent:]) if sent or not isinstance(data, bytes) else data)
        self._has_queued()

    def _end_transaction(self) -> None:
        self._transaction_owner = None
        if self._is_held:
            self._made_room()
        self._others_may_read()

    def _line_taker(self, max_bytes: int | None, *, keep_ending: bool) -> Callable[[], bytes | None]:
        limit = self.limits.line if max_bytes is None else check_count(max_bytes, "max_bytes")
        return partial(self._received.take_line, limit, keep_ending=keep_ending)

    def _take_now(self, take: Callable[[], bytes | None], wanted: str) -> bytes:
        with self._lock:
            self._check_readable()
            self._refresh()
            taken = self._take(take)
            while taken is None and self._refresh():
                taken = self._take(take)
            if taken is None:
                raise NeedMoreBytes(wanted, len(self._received))
            if self._is_held:
                self._made_room()
            return taken

    def _take(self, take: Callable[[], T | None]) -> T | None:
        try:
            return take()
        except EndOfStream:
            if self._failure:
                raise self._failure() from None
            raise
