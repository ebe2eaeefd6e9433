"""The asyncio face of one connected byte stream: the loop receives for whoever waits."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import warnings
from collections.abc import Callable, Iterator

from localsocket.aio.awaited_stream import AwaitedStream
from localsocket.aio.receiver import Receiver, receive_buffer
from localsocket.aio.waiting import Waiters
from localsocket.deadlines import Deadline
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import BrokenEndpoint, Busy
from localsocket.interfaces import DEFAULT_LIMITS, Limits, OpenMode, SocketState
from localsocket.sockets.hang_up import HangUpPoller

# Seconds between two looks where no descriptor is left to be told by.
_LOOK_AGAIN = 0.05


class _Attaching(asyncio.Task[object]):
    """Ends by itself after a few turns. Cancelled half-way, the loop may have closed the descriptor or not."""

    def cancel(self, msg: object = None) -> bool:
        return False


class LocalSocket(AwaitedStream):
    """A connected local socket whose waiting calls are awaited; for the tasks of one loop.

    Time-outs are in seconds, None waits for ever, 0 does not wait; one call has one deadline, and DeadlinePassed (a
    TimeoutError) when it is over. `asyncio.timeout()` and cancelling have the same effect on the stream: nothing is
    lost, and nothing comes twice.

    From the first call that has to wait, the loop receives what arrives, up to Limits.read_buffer, and sends what is
    unsent. Iterating gives lines. As an async context manager it closes itself, waiting up to 5 s for unsent bytes to
    be taken.
    """

    __slots__ = ("_attaching", "_buffer", "_is_deaf", "_loop", "_sender", "_transport", "_waiters")

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
        self._loop: asyncio.AbstractEventLoop | None = None
        self._attaching: asyncio.Task[object] | None = None
        self._transport: asyncio.Transport | None = None
        self._buffer = memoryview(b"")
        self._is_deaf = False  # nothing tells of the peer's closing, so that one has to look
        self._sender = -1  # a second descriptor of the connection: the loop does not tell twice about the first
        super().__init__(sock, address=address, peer=peer, mode=mode, limits=limits, on_closed=on_closed)

    def __del__(self) -> None:
        if getattr(self, "_state", SocketState.CLOSED) is not SocketState.CLOSED:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=1, source=self)
            self.abort()

    # --- what the receiver is told by the loop ------------------------------------------------------------------------

    def begin_receiving(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        if self._state is SocketState.CLOSED:
            transport.abort()
        else:
            self._hold_if_full()

    def room_for_bytes(self) -> memoryview:
        return self._buffer[: self._received.room]

    def take_in(self, count: int) -> None:
        if self.mode != "w" and self._state is SocketState.CONNECTED:
            self._received.feed(bytes(self._buffer[:count]))
            self._hold_if_full()
        self._waiters.wake_all()

    def take_in_end(self) -> None:
        self._received.feed_end()
        self._waiters.wake_all()

    def end_receiving(self, error: BaseException | None) -> None:
        self._transport = None
        self._sock.close()
        if self._state is SocketState.CLOSED:
            self._closed()
        else:
            self._fail(error)
        self._waiters.wake_all()

    # --- receiving ----------------------------------------------------------------------------------------------------

    def _attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have the loop receive from now on."""
        self._loop = loop
        self._buffer = receive_buffer(loop)
        receiver = Receiver(self)
        self._attaching = _Attaching(loop.connect_accepted_socket(lambda: receiver, self._sock), loop=loop)
        self._attaching.add_done_callback(self._attached)

    def _attached(self, task: asyncio.Task[object]) -> None:
        self._attaching = None
        if (error := task.exception()) is not None:
            self.end_receiving(error)
        self._waiters.wake_all()

    def _fail(self, error: BaseException | None) -> None:
        """The descriptor is gone, and nobody here closed it."""
        if not isinstance(error, OSError):
            error = OSError(errno.ECONNABORTED, f"the event loop gave it up: {error or 'it was closed'}")
        if not self._received.has_ended:
            self._note_read_failure(error)
        if self._write_failure is None:
            self._note_write_failure(error)

    def _hold_if_full(self) -> None:
        if not self._received.room and self._transport is not None and not self._received.has_ended:
            self._is_held = True
            self._transport.pause_reading()

    def _made_room(self) -> None:
        # From half empty on: to stop and go for every byte would cost more than it receives.
        if self._received.room * 2 >= self._received.limit:
            self._resume()

    def _resume(self) -> None:
        self._is_held = False
        if self._transport is not None:
            self._transport.resume_reading()

    def _pull(self) -> bool:
        has_changed = super()._pull()
        self._hold_if_full()
        return has_changed

    def _limits_changed(self) -> None:
        self._hold_if_full()
        super()._limits_changed()

    def _others_may_read(self) -> None:
        self._hold_if_full()  # bytes that were put back take room
        super()._others_may_read()

    def _start_closing(self) -> None:
        super()._start_closing()
        if self._is_held:
            self._resume()

    # --- sending what the kernel did not take at once -----------------------------------------------------------------

    def _has_queued(self) -> None:
        with contextlib.suppress(RuntimeError):  # no loop runs: it goes out with the next call that waits or flushes
            self._watch_writing(asyncio.get_running_loop())
        super()._has_queued()

    def _watch_writing(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._sender >= 0 or not self._unsent:
            return
        self._loop = loop
        try:
            self._sender = os.dup(self._descriptor)
        except OSError:
            loop.call_later(_LOOK_AGAIN, self._send_more)
        else:
            loop.add_writer(self._sender, self._send_more)

    def _send_more(self) -> None:
        if self._state is SocketState.CLOSED:
            return
        self._push()
        if not self._unsent:
            self._unwatch_writing()
        elif self._sender < 0 and self._loop is not None:
            self._watch_writing(self._loop)
        self._waiters.wake_all()

    def _unwatch_writing(self) -> None:
        if self._sender < 0:
            return
        sender, self._sender = self._sender, -1
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_writer(sender)
        os.close(sender)

    # --- waiting ------------------------------------------------------------------------------------------------------

    async def _wait(self, deadline: Deadline) -> None:
        loop = asyncio.get_running_loop()
        if self._transport is None and self._attaching is None and self._sock.fileno() >= 0:
            if self._refresh():  # for one question and one answer the loop need not be asked
                return
            self._attach(loop)
        if self._is_held and self._received.room:
            self._resume()
        if self._unsent:
            self._watch_writing(loop)
        seconds = deadline.remaining()
        if self._is_deaf:
            seconds = _LOOK_AGAIN if seconds is None else min(seconds, _LOOK_AGAIN)
        await self._waiters.wait(loop, seconds)

    @contextlib.contextmanager
    def _watching_for_hang_up(self) -> Iterator[None]:
        if self._state is not SocketState.CONNECTED or self._sock.fileno() < 0:
            yield
            return
        loop = asyncio.get_running_loop()
        with HangUpPoller(self._descriptor) as poller:
            if (descriptor := poller.fileno()) < 0:
                self._is_deaf = True
                yield
                return
            loop.add_reader(descriptor, self._waiters.wake_all)
            try:
                yield
            finally:
                loop.remove_reader(descriptor)

    def _wake_all(self) -> None:
        self._waiters.wake_all()

    def _current_owner(self) -> int:
        return id(asyncio.current_task())

    # --- ending -------------------------------------------------------------------------------------------------------

    def _leaving(self) -> None:
        if self._waiters:
            raise Busy("another task waits on this socket")

    def _give_away(self) -> int:
        if self._transport is None and self._attaching is None:
            return super()._give_away()
        # The loop closes its own descriptor; another one of the same connection stays open.
        try:
            descriptor = os.dup(self._descriptor)
        except OSError as error:
            raise BrokenEndpoint("giving the connection away", error) from error
        self._close_descriptor()
        return descriptor

    def _close_descriptor(self) -> None:
        self._unwatch_writing()
        if self._loop is not None and self._loop.is_closed():
            self._sock.close()
            self._closed()
        elif self._transport is not None:
            self._transport.abort()  # end_receiving() follows
        elif self._attaching is None:
            super()._close_descriptor()

    async def _wait_closed(self) -> None:
        while self._transport is not None or self._attaching is not None:
            await self._waiters.wait(asyncio.get_running_loop(), None)
