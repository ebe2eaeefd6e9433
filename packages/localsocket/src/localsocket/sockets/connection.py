"""One connection: its descriptor, its buffers and its state, and how bytes get from one to the other."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from localsocket._core import receiver, sender
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.endpoint.fork_safety import close_in_forked_child
from localsocket.errors import BrokenEndpoint, Busy, ClosedByPeer, ClosedByUs, LocalSocketError, WrongMode
from localsocket.forgotten import warn_forgotten
from localsocket.interfaces import DEFAULT_LIMITS, KIB, Buffer, Limits, OpenMode, SocketState
from localsocket.sockets.freed_memory import keep_freed_memory
from localsocket.wire.byte_buffer import ByteBuffer
from localsocket.wire.send_queue import SendQueue

# The most that one system call receives, and more than Linux holds for a connection by default. So much is taken from
# the heap, which keeps it from now on, and what arrived needs no copy: that beats recv_into() of one buffer (by 2.7 of
# 12 microseconds at 100,000 bytes).
RECEIVE_SIZE = 256 * KIB
keep_freed_memory()

# Writing to a closed peer must be an error here even where the program has set SIGPIPE back to its default.
SEND_FLAGS = getattr(socket, "MSG_NOSIGNAL", 0)

# Linux takes so few bytes in one piece or not at all, since it cuts at half of the send buffer, which is 4,608 bytes at
# least. So an interrupt, after which nobody knows what send() returned, leaves a stream of smaller writes whole.
SENT_WHOLE = 2048 if sys.platform == "linux" else 0


if TYPE_CHECKING:
    from localsocket.payload.arrivals import Arrivals

_PlainSocket = socket.socket  # before anybody patches it


class _QuietSocket(_PlainSocket):
    """The descriptor of a connection, which says nothing when it is forgotten: the connection does."""

    __slots__ = ()

    def __del__(self) -> None:
        # The garbage collector finalizes a cycle in any order, and may come here before it comes to the connection.
        self.close()


class HandedOver(NamedTuple):
    """What makes up a connection."""

    sock: socket.socket
    received: ByteBuffer
    unsent: SendQueue
    on_closed: Callable[[], None] | None
    failure: Callable[[], LocalSocketError] | None = None
    write_failure: Callable[[], LocalSocketError] | None = None
    write_ended: bool = False
    lost: int = 0


class Connection:
    """What a connected socket consists of, and what its faces do with it. Nothing here waits.

    The methods with an underscore are called with the lock held; those that do nothing are for a face to fill in.
    """

    __slots__ = (
        "__weakref__",
        "_arrivals",
        "_closed_by",
        "_descriptor",
        "_failure",
        "_is_held",
        "_is_loss_told",
        "_is_owned",
        "_is_writable",
        "_lock",
        "_lost",
        "_on_closed",
        "_on_sent",
        "_received",
        "_recv",
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
        self._is_owned = False  # else what it belongs to tells that it was forgotten, and ends it
        self.address = address
        self.peer = peer._of(sock)
        self.mode: OpenMode = mode
        self.limits = limits
        self._sock = sock
        self._descriptor = sock.fileno()
        self._recv = receiver(sock)
        self._send = sender(sock)
        self._arrivals: Arrivals | None = None  # of descriptors, where it carries them
        self._on_closed = on_closed
        # One that its thread may take again: a signal's handler may write, or close, in the midst of anything.
        self._lock = threading.RLock()
        self._received = ByteBuffer(limits.read_buffer)
        self._unsent = SendQueue(limits.write_buffer)
        self._state = SocketState.CONNECTED
        self._closed_by: Callable[[], LocalSocketError] = partial(ClosedByUs, "the socket")
        self._is_writable = mode != "r"  # False tells writes to find out why: _check_writable() knows
        self._failure: Callable[[], LocalSocketError] | None = None  # why reading ended, if not by a clean end
        self._write_failure: Callable[[], LocalSocketError] | None = None
        self._write_ended = False
        self._lost = 0  # bytes that were accepted, and could not be sent any more
        self._is_loss_told = False
        self._transaction_owner: int | None = None
        self._is_held = False  # a loop receives nothing, for want of room
        self._on_sent: Callable[[int], None] | None = None  # who wants to know about bytes sent by a write itself
        if type(sock) is _PlainSocket:
            sock.__class__ = _QuietSocket  # a new object for the descriptor could lose it to an interrupt
        close_in_forked_child(self)

    @property
    def state(self) -> SocketState:
        return self._state

    def fileno(self) -> int:
        """Return the descriptor, which this object keeps; -1 once it is closed."""
        return self._sock.fileno()

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.address!r} {self._state.value}, "
            f"peer pid={self.peer.pid} uid={self.peer.uid}, "
            f"{len(self._received)} bytes read ahead, {len(self._unsent)} to write>"
        )

    def change_limits(self, limits: Limits) -> None:
        """Use these limits from now on. Data already held stays, even if it exceeds them."""
        with self._lock:
            self._check_open()
            self._settle()
            self.limits = limits
            self._received.limit = limits.read_buffer
            self._unsent.limit = limits.write_buffer
            self._limits_changed()

    # --- ending -------------------------------------------------------------------------------------------------------

    def abort(self) -> None:
        """Close at once; unsent and unread data is dropped. Calling it again has no effect."""
        with self._lock:
            self._finish_closing()

    def detach(self) -> int:
        """Return the descriptor, which now belongs to the caller; this object counts as closed.

        Raises Busy if data read ahead or not yet sent would be lost, or if a transaction is open.
        """
        with self._lock:
            self._check_leaving()
            if len(self._received) or len(self._unsent):
                raise Busy("bytes are waiting to be read or sent and would be lost: read and flush them first")
            self._leaving()
            descriptor = self._give_away()
            self._change_state(SocketState.CLOSED)
            self._closed()
            return descriptor

    def __del__(self) -> None:
        # What it belongs to, which the garbage collector may come to later, tells and ends it where it is open still.
        if getattr(self, "_state", SocketState.CLOSED) is not SocketState.CLOSED and not self._is_owned:
            warn_forgotten(self)
            self.abort()

    def _hand_over(self) -> HandedOver:
        """Give the connection, with all that is read ahead and unsent, to another object; this one counts as closed."""
        with self._lock:
            self._check_leaving()
            self._leaving()
            descriptor = self._give_away()
            self._change_state(SocketState.CLOSED)
            on_closed, self._on_closed = self._on_closed, None
            # A write of another thread that is about to find out must not touch the queue any more.
            received, self._received = self._received, ByteBuffer(0)
            unsent, self._unsent = self._unsent, SendQueue(0)
            unsent.copy_borrowed()
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, descriptor)
            sock.setblocking(False)
            lost = 0 if self._is_loss_told else self._lost
            return HandedOver(
                sock, received, unsent, on_closed, self._failure, self._write_failure, self._write_ended, lost
            )

    def _take_over(self, connection: HandedOver) -> None:
        """Go on where another object left the connection; for the first moment of this one."""
        self._received = connection.received
        self._unsent = connection.unsent
        self._failure = connection.failure
        self._write_failure = connection.write_failure
        self._write_ended = connection.write_ended
        self._lost = connection.lost
        self._is_writable = self._is_writable and not (self._write_failure or self._write_ended)

    def _close_in_child(self) -> None:
        # Called right after a fork, where the lock may be held by a thread that does not exist here.
        self._lock = threading.RLock()
        self._closed_by = partial(ClosedByUs, "the socket", parent=os.getppid())
        self._change_state(SocketState.CLOSED)
        self._sock.close()

    # --- descriptors; who reads calls these ---------------------------------------------------------------------------

    def _carry_descriptors(self, most: int) -> Arrivals | None:
        """From now on receive descriptors beside the bytes, `most` at once, and send those of what is Laden.

        None where that cannot be.
        """
        from localsocket.payload.arrivals import Arrivals  # loaded by those who carry some

        arrivals = self._arrivals = Arrivals(self._sock, most)
        self._recv, self._send = arrivals.recv, arrivals.send
        return arrivals

    def _carry_no_descriptors(self) -> None:
        """Be as quick again as if there were no such thing."""
        self._recv, self._send = receiver(self._sock), sender(self._sock)
        self._drop_arrivals()

    def _drop_arrivals(self) -> None:
        if (arrivals := self._arrivals) is not None:
            self._arrivals = None
            arrivals.close()

    @property
    def _bytes_lost(self) -> int:
        """How many bytes were accepted that have been lost with the peer, or are when it is closed now."""
        return self._lost + len(self._unsent)

    # --- for the faces; the lock is held ------------------------------------------------------------------------------

    def _refresh(self) -> bool:
        """Take in what has arrived, and what the kernel holds where no loop does so; return whether more has come."""
        self._settle()
        return False

    def _settle(self) -> None:
        """Put into the byte buffer what was received for whoever reads everything at once."""

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

    def _current_owner(self) -> int:
        """Whose transaction one that begins now is."""
        return threading.get_ident()

    def _leaving(self) -> None:
        """The descriptor is about to be given away."""

    def _give_away(self) -> int:
        """Return a descriptor of the connection that nothing here uses any more."""
        return self._sock.detach()

    def _closed(self) -> None:
        """The descriptor is gone."""
        if (on_closed := self._on_closed) is not None:
            self._on_closed = None
            on_closed()

    def _check_open(self) -> None:
        if self._state is not SocketState.CONNECTED:
            raise self._closed_by()

    def _check_writable(self) -> None:
        self._check_open()
        if self.mode == "r":
            raise WrongMode("writing", self.mode)
        self._check_can_be_sent()
        if self._write_ended:
            raise ClosedByUs("the writing half of the socket")

    def _check_can_be_sent(self) -> None:
        """Raise why nothing can be sent any more, and with it how much is lost of what was accepted."""
        if self._write_failure:
            self._is_loss_told = True
            raise self._write_failure()

    def _check_none_lost(self) -> None:
        """Raise how much is lost of what was accepted, unless a caller has been told."""
        if self._lost and not self._is_loss_told:
            self._check_can_be_sent()

    def _check_leaving(self) -> None:
        self._check_open()
        self._settle()
        if self._transaction_owner is not None:
            raise Busy("a transaction is open: end it first")

    def _is_others_transaction(self) -> bool:
        return self._transaction_owner is not None and self._transaction_owner != self._current_owner()

    def _pull(self) -> bool:
        """Receive once, as much as the buffer may hold; return whether anything changed."""
        room = self._received.room
        if self._received.has_ended or not room:
            return False
        try:
            chunk = self._recv(min(room, RECEIVE_SIZE))
            if not chunk:
                self._received.feed_end()
            elif self.mode != "w" and self._state is SocketState.CONNECTED:
                self._received.feed(chunk)
        except BlockingIOError:
            return False
        except OSError as error:
            self._note_read_failure(error)
        except BaseException:
            self._break_off("receiving")
            raise
        return True

    def _push(self) -> None:
        """Send from the queue until it is empty or the kernel takes no more."""
        try:
            while self._unsent:
                piece = self._unsent.next_piece()
                sent = self._send_some(piece)
                if self._write_failure:
                    return
                self._unsent.mark_sent(sent)
                if sent < len(piece):
                    return
        except BaseException:
            self._break_off("sending")
            raise

    def _send_some(self, data: Buffer) -> int:
        """Send what the kernel takes now and return how much; a failure is noted, for whoever wrote to find."""
        try:
            return self._send(data, SEND_FLAGS)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._note_write_failure(error, len(data))
            return 0

    def _note_write_failure(self, error: OSError, unsent: int = 0) -> LocalSocketError:
        """Fail all writes from now on, with what is returned; `unsent` bytes are lost, or those that were queued."""
        self._is_writable = False
        self._lost += self._unsent.clear()
        if error.errno in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN):
            self._write_failure = partial(ClosedByPeer, "writing to it", unsent=self._lost or unsent)
        else:
            self._write_failure = partial(BrokenEndpoint, "writing", error)
        return self._write_failure()

    def _interrupted_write(self, size: int, *, was_queued: bool) -> None:
        """A signal's handler has raised while a write began: leave the stream whole, or broken off."""
        if was_queued:  # so nothing was sent, and it has been appended or not
            self._unsent.recount()
        elif size <= SENT_WHOLE:  # so it is sent or not
            self._unsent.clear()
        else:
            self._break_off("sending")
        if self._unsent:
            self._has_queued()

    def _break_off(self, doing: str) -> None:
        """Nobody knows how far `doing` came when it was interrupted: end it for both sides, and say so from now on."""
        self._is_writable = False
        self._lost += self._unsent.clear()
        self._is_loss_told = True  # by what interrupts
        self._received.feed_end()
        self._failure = self._write_failure = partial(
            ClosedByUs, f"the connection, interrupted in the midst of {doing},"
        )
        self._cut()

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
        if self._sock.fileno() < 0:
            return True
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
        if self._state is SocketState.CLOSED and self._sock.fileno() < 0:
            return  # else an interrupt may have cut this off, and it is done again
        self._change_state(SocketState.CLOSED)
        self._unsent.clear()
        self._received = ByteBuffer(0)
        self._drop_arrivals()
        self._close_descriptor()

    def _close_descriptor(self) -> None:
        if self._sock.fileno() >= 0:
            with contextlib.suppress(OSError):  # whatever it says, the descriptor is gone
                self._sock.close()
            self._closed()

    def _cut(self) -> None:
        """End the connection at once, for who drives it too, which still has to close it. Any thread may call."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
