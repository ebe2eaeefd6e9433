"""One connected byte stream: everything that can be done with it without waiting."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from localsocket.deadlines import check_count
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.endpoint.fork_safety import close_in_forked_child
from localsocket.errors import (
    BrokenEndpoint,
    Busy,
    ClosedByPeer,
    ClosedByUs,
    EndOfStream,
    LocalSocketError,
    NeedMoreBytes,
    WriteBufferFull,
    WrongMode,
)
from localsocket.interfaces import DEFAULT_LIMITS, KIB, Buffer, Limits, OpenMode, SocketState, as_bytes
from localsocket.wire.byte_buffer import ByteBuffer
from localsocket.wire.send_queue import SendQueue

# The most that one system call receives: just below malloc's mmap threshold (128 KiB). So much is taken from the heap
# and given back in no time, and what arrived needs no copy, which beats recv_into() of one buffer (by 2.7 of 12
# microseconds at 100,000 bytes). recv(256 KiB) would map and unmap memory each time and be five times slower.
RECEIVE_SIZE = 128 * KIB - 256

# Writing to a closed peer must be an error here even where the program has set SIGPIPE back to its default.
_SEND_FLAGS = getattr(socket, "MSG_NOSIGNAL", 0)


class HandedOver(NamedTuple):
    """What makes up a connection."""

    sock: socket.socket
    received: ByteBuffer
    unsent: SendQueue
    on_closed: Callable[[], None] | None


class Stream:
    """What every connected socket can do at once, from any thread.

    A write is never interleaved with another. Everything received before the peer closed stays readable. After
    close() or abort() every call raises ClosedByUs, except a second close.

    `address` is the address text it was connected through, `peer` who is at the other end, `mode` the directions it
    is open for, `limits` how much it may hold.
    """

    __slots__ = (
        "__weakref__",
        "_descriptor",
        "_failure",
        "_is_held",
        "_is_writable",
        "_lock",
        "_on_closed",
        "_on_sent",
        "_received",
        "_send",
        "_sock",
        "_state",
        "_transaction_owner",
        "_unsent",
        "_write_ended",
        "_write_failure",
        "address",
        "limits",
        "mode",
        "peer",
    )

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
        self.address = address
        self.peer = peer
        self.mode: OpenMode = mode
        self.limits = limits
        self._sock = sock
        self._descriptor = sock.fileno()
        self._send = sock.send
        self._on_closed = on_closed
        self._lock = threading.Lock()
        self._received = ByteBuffer(limits.read_buffer)
        self._unsent = SendQueue(limits.write_buffer)
        self._state = SocketState.CONNECTED
        self._is_writable = mode != "r"  # False tells writes to find out why: _check_writable() knows
        self._failure: Callable[[], LocalSocketError] | None = None  # why reading ended, if not by a clean end
        self._write_failure: Callable[[], LocalSocketError] | None = None
        self._write_ended = False
        self._transaction_owner: int | None = None
        self._is_held = False  # a loop receives nothing, for want of room
        self._on_sent: Callable[[int], None] | None = None  # who wants to know about bytes sent by a write itself
        close_in_forked_child(self)

    # --- what it is ---------------------------------------------------------------------------------------------------

    @property
    def state(self) -> SocketState:
        return self._state

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
        """How many written bytes the kernel has not taken yet."""
        return len(self._unsent)

    @property
    def has_line(self) -> bool:
        """Whether a whole line, with its ending, has arrived."""
        with self._lock:
            self._refresh_if_open()
            return self._received.has_line

    def fileno(self) -> int:
        """Return the descriptor, which stays this object's; -1 once it is closed."""
        return self._sock.fileno()

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.address!r} {self._state.value}, "
            f"peer pid={self.peer.pid} uid={self.peer.uid}, "
            f"{len(self._received)} bytes read ahead, {len(self._unsent)} to write>"
        )

    def change_limits(self, limits: Limits) -> None:
        """Hold so much from now on. What is held already stays, even where it is more."""
        with self._lock:
            self._check_open()
            self._settle()
            self.limits = limits
            self._received.limit = limits.read_buffer
            self._unsent.limit = limits.write_buffer
            self._limits_changed()

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
        """Return `count` bytes that have arrived; NeedMoreBytes, consuming nothing, if they have not.

        Raises EndOfStream when they never will, LimitExceeded when the read buffer cannot hold them.
        """
        check_count(count, "count")
        return self._take_now(partial(self._received.take_exactly, count), f"{count} bytes")

    def read_line_nowait(self, *, max_bytes: int | None = None, keep_ending: bool = False) -> bytes:
        """Return the next line that has arrived, without its ending; NeedMoreBytes if none has.

        See LocalSocket.read_line for what counts as a line.
        """
        return self._take_now(self._line_taker(max_bytes, keep_ending=keep_ending), "a line")

    def peek(self, count: int) -> bytes:
        """Return up to `count` bytes that have arrived, leaving them to be read."""
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
        """Put `data` back, to be read first; RuntimeError inside a transaction."""
        data = bytes(as_bytes(data))
        with self._lock:
            self._check_readable()
            self._settle()
            self._received.unread(data)
            self._others_may_read()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Give back everything read inside the `with` block if it is left by an exception.

        Typically NeedMoreBytes, when a message has not arrived whole: catch it outside and try again later. Bytes
        go on arriving meanwhile. The transaction belongs to the thread that began it: until its end other threads'
        waiting reads wait, and their other reads raise Busy. RuntimeError for a transaction inside a transaction.
        """
        with self._lock:
            self._check_readable()
            self._settle()
            self._received.begin()
            self._transaction_owner = threading.get_ident()
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
        """Send `data`, queueing what the kernel does not take now; all of it is taken, or none.

        What is queued is sent by later calls (see flush) or by the loop. Raises WriteBufferFull when other bytes wait
        already and `data` would exceed Limits.write_buffer; ClosedByPeer, ClosedByUs, BrokenEndpoint.
        """
        if type(data) is not bytes:
            data = as_bytes(data)
        with self._lock:
            if not self._is_writable:
                self._check_writable()
            sent = 0 if self._unsent.size else self._send_some(data)
            if self._on_sent is not None and sent:
                self._on_sent(sent)
            if sent == len(data):
                return
            if not self._is_writable:
                self._check_writable()
            if not self._unsent.has_room_for(len(data)):
                raise WriteBufferFull(len(self._unsent), self._unsent.limit)
            self._unsent.append(bytes(memoryview(data)[sent:]) if sent or type(data) is not bytes else data)
            self._has_queued()

    def flush_nowait(self) -> int:
        """Send what the kernel takes now; return how many bytes still wait."""
        with self._lock:
            self._check_open()
            before = self._unsent.total_sent
            self._push()
            self._has_sent()
            if self._on_sent is not None and (sent := self._unsent.total_sent - before):
                self._on_sent(sent)
            if self._write_failure:
                raise self._write_failure()
            return len(self._unsent)

    # --- ending -------------------------------------------------------------------------------------------------------

    def abort(self) -> None:
        """Close at once: what is unsent and what is unread is dropped. Doing it again is fine."""
        with self._lock:
            self._finish_closing()

    def detach(self) -> int:
        """Return the descriptor, which now belongs to the caller; this object counts as closed.

        Raises Busy when bytes that were read ahead or not yet sent would be lost.
        """
        with self._lock:
            self._check_leaving()
            if len(self._received) or len(self._unsent):
                raise Busy("bytes wait to be read or sent and would be lost: read and flush them first")
            self._leaving()
            self._change_state(SocketState.CLOSED)
            descriptor = self._sock.detach()
            self._closed()
            return descriptor

    def hand_over(self) -> HandedOver:
        """Give the connection, with all that is read ahead and unsent, to another object; this one counts as closed."""
        with self._lock:
            self._check_leaving()
            self._leaving()
            self._change_state(SocketState.CLOSED)
            on_closed, self._on_closed = self._on_closed, None
            # A write of another thread that is about to find out must not touch the queue any more.
            received, self._received = self._received, ByteBuffer(0)
            unsent, self._unsent = self._unsent, SendQueue(0)
            unsent.copy_borrowed()
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, self._sock.detach())
            sock.setblocking(False)
            return HandedOver(sock, received, unsent, on_closed)

    def close_in_child(self) -> None:
        # Called right after a fork, where the lock may be held by a thread that does not exist here.
        self._lock = threading.Lock()
        self._change_state(SocketState.CLOSED)
        self._sock.close()

    # --- for the faces; the lock is held ------------------------------------------------------------------------------

    def _refresh(self) -> bool:
        """Take in what has arrived, and what the kernel holds where no loop does so; return whether more has come."""
        self._settle()
        return False

    def _settle(self) -> None:
        """Put into the byte buffer what was received for whoever reads everything at once."""

    def _refresh_if_open(self) -> None:
        if self._state is SocketState.CONNECTED:
            self._refresh()

    def _limits_changed(self) -> None:
        """There may be more room, or less."""

    def _has_queued(self) -> None:
        """Something was queued: see to it that it is sent."""

    def _made_room(self) -> None:
        """A loop that received nothing for want of room may go on."""

    def _has_sent(self) -> None:
        """Something may have been sent that another thread waits for."""

    def _others_may_read(self) -> None:
        """Bytes came back, or a transaction ended."""

    def _leaving(self) -> None:
        """The descriptor is about to be given away."""

    def _closed(self) -> None:
        """The descriptor is gone."""
        if (on_closed := self._on_closed) is not None:
            self._on_closed = None
            on_closed()

    def _check_open(self) -> None:
        if self._state is not SocketState.CONNECTED:
            raise ClosedByUs("the socket")

    def _check_readable(self) -> None:
        self._check_open()
        if self.mode == "w":
            raise WrongMode("reading", self.mode)
        if self._is_others_transaction():
            raise Busy("another thread reads in a transaction")

    def _check_writable(self) -> None:
        self._check_open()
        if self.mode == "r":
            raise WrongMode("writing", self.mode)
        if self._write_failure:
            raise self._write_failure()
        if self._write_ended:
            raise ClosedByUs("the writing half of the socket")

    def _check_leaving(self) -> None:
        self._check_open()
        self._settle()
        if self._transaction_owner is not None:
            raise Busy("a transaction is open: end it first")

    def _is_others_transaction(self) -> bool:
        return self._transaction_owner is not None and self._transaction_owner != threading.get_ident()

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

    def _take(self, take: Callable[[], bytes | None]) -> bytes | None:
        try:
            return take()
        except EndOfStream:
            if self._failure:
                raise self._failure() from None
            raise

    def _pull(self) -> bool:
        """Receive once, as much as the buffer may hold; return whether anything changed."""
        room = self._received.room
        if self._received.has_ended or not room:
            return False
        try:
            chunk = self._sock.recv(min(room, RECEIVE_SIZE))
        except BlockingIOError:
            return False
        except OSError as error:
            self._note_read_failure(error)
            return True
        if not chunk:
            self._received.feed_end()
        elif self.mode != "w" and self._state is SocketState.CONNECTED:
            self._received.feed(chunk)
        return True

    def _push(self) -> None:
        """Send from the queue until it is empty or the kernel takes no more."""
        while self._unsent:
            piece = self._unsent.next_piece()
            sent = self._send_some(piece)
            if self._write_failure:
                return
            self._unsent.mark_sent(sent)
            if sent < len(piece):
                return

    def _send_some(self, data: Buffer) -> int:
        """Send what the kernel takes now and return how much; a failure is noted, for whoever wrote to find."""
        try:
            return self._send(data, _SEND_FLAGS)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._is_writable = False
            lost = self._unsent.clear() or len(data)
            if error.errno in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN):
                self._write_failure = partial(ClosedByPeer, "writing to it", unsent=lost)
            else:
                self._write_failure = partial(BrokenEndpoint, "writing", error)
            return 0

    def _end_writing(self) -> None:
        self._write_ended = True
        self._is_writable = False
        with contextlib.suppress(OSError):  # the peer is gone, and with it the need
            self._sock.shutdown(socket.SHUT_WR)

    def _note_read_failure(self, error: OSError) -> None:
        self._received.feed_end()
        # Linux reports a reset when the peer closed with bytes of ours unread; what it had sent has been read by now.
        if error.errno == errno.ECONNRESET:
            self._failure = partial(ClosedByPeer, "reading from it: it left some of what it was sent unread")
        else:
            self._failure = partial(BrokenEndpoint, "reading", error)

    def _is_hung_up(self) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, 0)
        return bool(poll.poll(0))

    def _change_state(self, state: SocketState) -> None:
        self._state = state
        self._is_writable = False

    def _start_closing(self) -> None:
        """From now on only what is unsent matters; what still arrives is thrown away, so that the peer can go on."""
        self._change_state(SocketState.CLOSING)
        self._received = ByteBuffer(RECEIVE_SIZE)
        self._unsent.copy_borrowed()

    def _finish_closing(self) -> None:
        """Become closed, and close the descriptor unless somebody still waits on it, who then closes it."""
        if self._state is SocketState.CLOSED:
            return
        self._change_state(SocketState.CLOSED)
        self._unsent.clear()
        self._received = ByteBuffer(0)
        self._close_descriptor()

    def _close_descriptor(self) -> None:
        if self._sock.fileno() >= 0:
            self._sock.close()
            self._closed()
