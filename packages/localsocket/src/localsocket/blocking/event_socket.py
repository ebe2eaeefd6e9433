"""One connected byte stream that an event loop reads and sends for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from localsocket._core import short_ways
from localsocket.blocking.handler import Handler, wants_bytes_written
from localsocket.blocking.poller import FAILED, HUNG_UP, READABLE, WRITABLE, Poller
from localsocket.deadlines import Deadline
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import ClosedByPeer, ClosedByUs, LocalSocketError
from localsocket.interfaces import Limits, OpenMode, SocketState, WaitingPlace
from localsocket.log_thinning import ThinnedLog
from localsocket.payload.places import PeersPlace
from localsocket.sockets.connected_socket import ConnectedSocket
from localsocket.sockets.connection import RECEIVE_SIZE, HandedOver

CLOSE_TIMEOUT = 5.0


class DrivingLoop(Protocol):
    """What a socket asks of the loop that drives it."""

    _poller: Poller
    _log: ThinnedLog

    def call_soon(self, callback: Callable[..., object], *arguments: object) -> None: ...

    def call_later(self, seconds: float, callback: Callable[..., object], *arguments: object) -> None: ...

    def _watch(self, descriptor: int, on_events: Callable[[int], object], interest: int) -> None: ...

    def _unwatch(self, descriptor: int) -> None: ...

    def _join_place(self) -> WaitingPlace | None: ...

    def _leave_place(self, peer: PeersPlace | None) -> None: ...

    def _forget(self, socket: EventSocket) -> None: ...


@short_ways("read_available", "_on_events")
class EventSocket(ConnectedSocket):
    """A connected local socket driven by a loop, which calls its handler; none of its methods ever blocks.

    Any thread may read, write and close. write() queues what the kernel does not accept at once, up to
    Limits.write_buffer. `context` is free for the handler's own data.
    """

    # Nearly always one chunk arrives, is read whole, and is answered. That way is short: the chunk waits in `_fresh`,
    # and goes into the byte buffer only when something else is asked for. `_needs_care` says that it is not that simple
    # now: bytes are buffered, reading is paused or not wanted, or the socket is closing.
    __slots__ = (
        "_fresh",
        "_handler",
        "_has_failed",
        "_has_started",
        "_interest",
        "_is_over",
        "_is_paused",
        "_loop",
        "_needs_care",
        "_ready_read",
        "_receive_size",
        "_unreported",
        "context",
    )

    def __init__(
        self,
        loop: DrivingLoop,
        handler: Handler,
        connection: HandedOver,
        *,
        address: str,
        peer: PeerCredentials,
        mode: OpenMode,
        limits: Limits,
    ) -> None:
        self._loop = loop
        super().__init__(
            connection.sock, address=address, peer=peer, mode=mode, limits=limits, on_closed=connection.on_closed
        )
        self._is_owned = True
        self._take_over(connection)
        self._handler = handler
        self._ready_read = handler.ready_read
        self._receive_size = min(limits.read_buffer, RECEIVE_SIZE)
        self._fresh: bytes | None = None
        self._needs_care = True
        self._interest: int | None = None  # what the poller watches for; None when it does not watch
        self._has_started = False
        self._has_failed = False
        self._is_over = False
        self._is_paused = False
        self._unreported = 0
        self.context: Any = None
        if wants_bytes_written(handler):
            self._on_sent = self._note_sent

    write = ConnectedSocket.write_nowait

    def read_available(self, max_bytes: int | None = None) -> bytes:
        if max_bytes is None:
            with self._lock:
                # Another thread may ask for care while the loop is receiving what is fresh then.
                if (fresh := self._fresh) is not None and not self._needs_care:
                    self._fresh = None
                    return fresh
        return super().read_available(max_bytes)

    def pause_reading(self) -> None:
        """Stop receiving until resume_reading(); the kernel then slows the peer down."""
        with self._lock:
            self._is_paused = self._needs_care = True
            self._update_interest()

    def resume_reading(self) -> None:
        with self._lock:
            self._is_paused = False
            self._update_interest()

    def shutdown_write(self) -> None:
        """Finish sending once everything queued is sent: the peer then sees the end, and can still answer.

        Calling it again has no effect.
        """
        with self._lock:
            self._check_open()
            self._check_can_be_sent()
            self._write_ended = True
            self._is_writable = False
            if not self._unsent:
                self._end_writing()

    def close(self, *, timeout: float | None = CLOSE_TIMEOUT) -> None:
        """Send unsent bytes, then close. Returns at once; the loop calls `disconnected` when it is done.

        Unread bytes are dropped. If the peer does not accept everything within `timeout` seconds, `failed` is called
        with DeadlinePassed and the rest is dropped. Closing again has no effect.
        """
        deadline = Deadline(timeout)
        with self._lock:
            if self._state is not SocketState.CONNECTED:
                return
            self._start_closing()
            self._is_paused = False
            self._update_interest()
        self._loop.call_soon(self._continue_closing, deadline)

    # --- what the loop calls, in its thread ---------------------------------------------------------------------------

    def _start(self) -> None:
        """Begin to watch the connection and announce it."""
        if self._is_over:
            return
        with self._lock:
            self._has_started = True
            self._update_interest()
        self._call(self._handler.connected)
        if self._state is SocketState.CONNECTED and len(self._received):
            self._call(self._ready_read)

    def _on_events(self, mask: int) -> None:
        if mask != READABLE or self._needs_care or self._fresh is not None:
            self._on_events_with_care(mask)
            return
        try:
            chunk = self._recv(self._receive_size)
            if chunk:
                self._fresh = chunk
        except OSError as error:
            self._on_read_failure(error)
            return
        except BaseException:
            self._lose()
            raise
        if not chunk:
            self._on_end()
            return
        try:
            self._ready_read(self)
        except Exception as error:
            self._on_handler_error(error)

    def _forget(self) -> None:
        """End the connection for good without a word: for a loop that was forgotten, in whatever thread that shows."""
        self._has_started = False
        self._finish()

    def _finish(self) -> None:
        """End the connection for good and say so, once."""
        if self._is_over:
            return
        self._is_over = True
        with self._lock:
            self._stop_watching()
            super()._finish_closing()
            super()._close_descriptor()
        self._loop._forget(self)
        if self._has_started:
            self._call(self._handler.disconnected)

    # ------------------------------------------------------------------------------------------------------------------

    def _lose(self) -> None:
        """A signal's handler has raised in the midst of receiving, and a part may be lost."""
        with self._lock:
            self._break_off("receiving")
        failure = self._failure
        assert failure is not None
        self._loop.call_soon(self._fail, failure())

    def _on_events_with_care(self, mask: int) -> None:
        if mask & ~WRITABLE:
            self._on_readable(mask)
        if mask & WRITABLE and not self._is_over:
            self._on_writable()

    def _on_readable(self, mask: int) -> None:
        received = self._received
        if received.has_ended:
            # Hang-up is reported for ever and cannot be masked; after the end it is the only news there can be.
            if mask & (HUNG_UP | FAILED):
                self._on_hang_up()
            return
        with self._lock:
            self._settle()
            room = received.room
            is_held = not room or self._is_paused
            if is_held:
                self._hold()
        if is_held:
            if mask & HUNG_UP:
                self._call(self._handler._hung_up)
            return
        try:
            chunk = self._recv(min(room, RECEIVE_SIZE))
            if chunk:
                with self._lock:
                    if self._state is not SocketState.CONNECTED or self.mode == "w":
                        return
                    received.feed(chunk)
        except OSError as error:
            self._on_read_failure(error)
            return
        except BaseException:
            self._lose()
            raise
        if not chunk:
            self._on_end()
            return
        self._call(self._ready_read)
        with self._lock:
            self._needs_care = self._is_paused or bool(received.held) or self._state is not SocketState.CONNECTED

    def _on_end(self) -> None:
        with self._lock:
            self._received.feed_end()
            self._update_interest()
        if self._state is SocketState.CONNECTED:
            self._call(self._handler.end_of_stream)
        elif not self._unsent:
            self._finish_or_fail()

    def _on_hang_up(self) -> None:
        with self._lock:
            self._settle()
            is_lost = bool(self._unsent)
            if (len(self._received) or self.is_in_transaction) and not is_lost:
                self._hold()  # what the handler left for later stays readable
                return
        if is_lost:
            self._on_writable()  # only sending tells so
            return
        if self._state is SocketState.CONNECTED:
            self._closed_by = partial(ClosedByPeer, "it was in use")
        self._finish_or_fail()

    def _on_read_failure(self, error: OSError) -> None:
        if isinstance(error, BlockingIOError) or self._is_over:
            return
        with self._lock:
            self._note_read_failure(error)
            self._push()  # what is unsent is lost, and only sending tells how much
        failure = self._write_failure or self._failure
        assert failure is not None
        self._fail(failure())

    def _on_writable(self) -> None:
        with self._lock:
            before = self._unsent.total_sent
            self._push()
            sent = self._unsent.total_sent - before
            if self._write_ended and not self._unsent:
                self._end_writing()
            self._update_interest()
        if self._write_failure:
            if self._handler._reads_to_end and self._state is SocketState.CONNECTED and not self._received.has_ended:
                self._call(self._handler.drained)  # nothing waits to be sent any more; the end is still to be read
            else:
                self._fail(self._write_failure())
            return
        if sent and self._on_sent is not None:
            self._call(self._handler.bytes_written, sent)
        if sent and not self._unsent and self._state is SocketState.CONNECTED:
            self._call(self._handler.drained)
        if self._state is SocketState.CLOSING and not self._unsent:
            self._finish()

    def _continue_closing(self, deadline: Deadline) -> None:
        if self._is_over:
            return
        if not self._unsent:
            self._finish_or_fail()
        elif (remaining := deadline.remaining()) is not None:
            self._loop.call_later(remaining, self._give_up_closing, deadline)

    def _give_up_closing(self, deadline: Deadline) -> None:
        if not self._is_over:
            self._fail(deadline.error("closing", queued=len(self._unsent)))

    def _finish_or_fail(self) -> None:
        if self._write_failure:
            self._fail(self._write_failure())
        else:
            self._finish()

    def _fail(self, error: LocalSocketError) -> None:
        if self._has_failed:
            return  # the handler tried to write when it was told
        self._has_failed = True
        self._call(self._handler.failed, error)
        self._finish()

    def _note_sent(self, count: int) -> None:
        # Reported from the loop, so that the handler is never called from within its own write.
        if not self._unreported:
            self._loop.call_soon(self._report_sent)
        self._unreported += count

    def _report_sent(self) -> None:
        with self._lock:
            count, self._unreported = self._unreported, 0
        if not self._is_over:
            self._call(self._handler.bytes_written, count)

    def _call(self, event: Callable[..., object], *parts: object) -> None:
        try:
            event(self, *parts)
        except Exception as error:
            self._on_handler_error(error)

    def _on_handler_error(self, error: Exception) -> None:
        if isinstance(error, (ClosedByUs, ClosedByPeer)) and self._state is not SocketState.CONNECTED:
            return  # closed in the midst of the event, or used after the end: the handler was told, or will be
        if isinstance(error, ClosedByPeer) and self._write_failure:
            self._fail(error)
            return
        message = "closing %r because its handler failed"
        self._loop._log.log(logging.ERROR, self.peer.uid, message, self, error=error)
        self.abort()

    def _settle(self) -> None:
        self._needs_care = True
        if (fresh := self._fresh) is not None:
            self._fresh = None
            self._received.feed(fresh)

    def _change_state(self, state: SocketState) -> None:
        super()._change_state(state)
        self._needs_care = True
        self._fresh = None

    # --- watching; the lock is held -----------------------------------------------------------------------------------

    def _update_interest(self) -> None:
        if self._is_over or not self._has_started:
            return
        interest = WRITABLE if self._unsent else 0
        if not (self._is_paused or self._received.has_ended):
            self._is_held = not self._received.room
            if not self._is_held:
                interest |= READABLE
        if interest == self._interest:
            return
        if self._interest is None:
            self._loop._watch(self._descriptor, self._on_events, interest)
        else:
            self._loop._poller.modify(self._descriptor, interest)
        self._interest = interest

    def _hold(self) -> None:
        """Stop receiving until there is room: not watching at all, since hang-up would be reported without end."""
        self._is_held = True
        self._stop_watching()
        if self._unsent:
            self._update_interest()

    def _stop_watching(self) -> None:
        if self._interest is not None:
            self._loop._unwatch(self._descriptor)
            self._interest = None

    def _limits_changed(self) -> None:
        self._receive_size = min(self.limits.read_buffer, RECEIVE_SIZE)
        self._update_interest()

    def _has_queued(self) -> None:
        self._update_interest()

    def _made_room(self) -> None:
        self._update_interest()

    def _leaving(self) -> None:
        self._is_over = True
        self._stop_watching()
        self._loop._forget(self)

    def _finish_closing(self) -> None:
        super()._finish_closing()
        self._loop.call_soon(self._finish)

    def _close_descriptor(self) -> None:
        """Left to finish(), in the loop's thread: until then the loop may still come across the number."""
