"""The asyncio face of one connected byte stream: the loop receives for whoever waits."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from localsocket.aio.receiver import Receiver, receive_buffer
from localsocket.aio.waiting import Waiters
from localsocket.awaited.awaited_socket import AwaitedSocket
from localsocket.deadlines import NEVER, Deadline
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import BrokenEndpoint, Busy
from localsocket.interfaces import DEFAULT_LIMITS, Limits, OpenMode, SocketState
from localsocket.owned_descriptor import OwnedDescriptor
from localsocket.sockets.hang_up import HangUpPoller

# Seconds between two looks where no descriptor is left to be told by.
_LOOK_AGAIN = 0.05


class _Attaching(asyncio.Task[object]):
    """Ends by itself after a few turns. Cancelled half-way, the loop may have closed the descriptor or not."""

    def cancel(self, msg: object = None) -> bool:
        return False


class LocalSocket(AwaitedSocket):
    """A connected local socket whose waiting calls are awaited; for the tasks of one loop.

    Time-outs are in seconds: None waits for ever, 0 does not wait. Each call has one deadline, and raises
    DeadlinePassed (a TimeoutError) when it passes. `asyncio.timeout()` and cancelling have the same effect on the
    stream: nothing is lost, and nothing arrives twice.

    From the first call that has to wait, the loop receives what arrives, up to Limits.read_buffer, and sends unsent
    bytes. Iterate to get lines. As an async context manager it closes itself, waiting up to 5 s for unsent bytes to be
    accepted.
    """

    # Nearly always one chunk arrives, is read whole, and is answered. That way is short: the chunk waits in `_fresh`,
    # and goes into the byte buffer only when something else is asked for. `_is_plain` says that the loop receives, the
    # stream has not ended, and what arrives is wanted.
    __slots__ = (
        "_attaching",
        "_deaf",
        "_fresh",
        "_is_plain",
        "_loop",
        "_retry",
        "_sender",
        "_transport",
        "_waiters",
        "_window",
    )

    _loop: asyncio.AbstractEventLoop

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
        self._attaching: asyncio.Task[object] | None = None
        self._transport: asyncio.Transport | None = None
        self._window = memoryview(b"")  # where the loop puts bytes
        self._fresh: bytes | None = None
        self._is_plain = False
        self._deaf = 0  # so many wait for the peer's closing that nothing will tell of: they have to look
        self._retry: asyncio.TimerHandle | None = None
        # A second descriptor of the connection: the loop does not tell twice about the first.
        self._sender: OwnedDescriptor | None = None
        super().__init__(sock, address=address, peer=peer, mode=mode, limits=limits, on_closed=on_closed)

    def _close_in_child(self) -> None:
        super()._close_in_child()
        # uvloop counts itself as a user of the socket object, whose close() then waits for the last one. And the loop
        # must not be asked: what it watches is the parent's too.
        if (descriptor := self._sock.detach()) >= 0:
            os.close(descriptor)
        if self._sender is not None:
            self._sender.close()

    # --- the short way ------------------------------------------------------------------------------------------------

    async def read(self, max_bytes: int | None = None, *, timeout: float | None = None) -> bytes:
        if self._is_plain and timeout is None and max_bytes is None and not self._received.held:
            if self._fresh is None:
                await self._waiters.wait(self._loop, None)
            if self._fresh is not None and (chunk := self._take_fresh()) is not None:
                return chunk
        return await super().read(max_bytes, timeout=timeout)

    async def read_exactly(self, count: int, *, timeout: float | None = None) -> bytes:
        is_possible = type(count) is int and 0 < count <= self._received.limit
        if is_possible and self._is_plain and timeout is None and not self._received.held:
            if self._fresh is None:
                await self._waiters.wait(self._loop, None)
            if self._fresh is not None and len(self._fresh) == count and (chunk := self._take_fresh()) is not None:
                return chunk
        return await super().read_exactly(count, timeout=timeout)

    async def read_line(
        self, *, timeout: float | None = None, max_bytes: int | None = None, keep_ending: bool = False
    ) -> bytes:
        if self._is_plain and timeout is None and max_bytes is None and not self._received.held:
            if self._fresh is None:
                await self._waiters.wait(self._loop, None)
            if (
                self._fresh is not None
                and self._fresh.find(b"\n") == len(self._fresh) - 1 <= self.limits.line
                and (line := self._take_fresh()) is not None
            ):
                return line if keep_ending else line[:-1]
        return await super().read_line(timeout=timeout, max_bytes=max_bytes, keep_ending=keep_ending)

    def _take_fresh(self) -> bytes | None:
        """Return the chunk that has come, unless it is not the next to be read, or not by just anybody."""
        if self._transaction_owner is not None or self._received.held:
            return None
        chunk, self._fresh = self._fresh, None
        if self._is_held:
            self._resume()
        return chunk

    def _settle(self) -> None:
        if self._fresh is not None:
            chunk, self._fresh = self._fresh, None
            self._received.feed(chunk)

    # --- what the loop calls ------------------------------------------------------------------------------------------

    def _begin_receiving(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        if self._state is SocketState.CLOSED:
            transport.abort()
        else:
            self._is_plain = self.mode != "w" and not self._received.has_ended
            self._hold_if_full()

    def _room_for_bytes(self, sizehint: int) -> memoryview:
        if self._is_plain and self._fresh is None and not self._received.held:
            return self._window
        self._settle()
        # uvloop forgets that it was paused before it began; it must find room all the same.
        return self._window[: self._received.room or 1]

    def _take_in(self, count: int) -> None:
        chunk = self._window[:count].tobytes()
        if self._is_plain and self._fresh is None and not self._received.held:
            self._fresh = chunk
            if count == self._received.limit:
                self._hold()
        elif self.mode != "w" and self._state is SocketState.CONNECTED:
            self._received.feed(chunk)
            self._hold_if_full()
        self._waiters.wake_all()

    def _take_in_end(self) -> bool:
        self._settle()
        self._is_plain = False
        self._received.feed_end()
        self._waiters.wake_all()
        return True

    def _end_receiving(self, error: BaseException | None) -> None:
        self._settle()
        self._is_plain = False
        self._transport = None
        self._sock.close()
        if self._state is SocketState.CLOSED:
            self._closed()
        else:
            self._fail(error)
        self._waiters.wake_all()

    # --- receiving ----------------------------------------------------------------------------------------------------

    @property
    def _is_attached(self) -> bool:
        return self._transport is not None or self._attaching is not None

    def _attach(self) -> None:
        """Have the loop receive from now on."""
        loop = self._loop = asyncio.get_running_loop()
        self._limit_window()
        receiver = Receiver(self)
        self._attaching = _Attaching(loop.connect_accepted_socket(lambda: receiver, self._sock), loop=loop)
        for _ in range(2):  # an interrupt may cut one of them off, and then nobody could ever wait for the end
            self._attaching.add_done_callback(self._attached)

    def _attached(self, task: asyncio.Task[object]) -> None:
        if self._attaching is None:
            return
        self._attaching = None
        if (error := task.exception()) is not None:
            self._end_receiving(error)
        self._waiters.wake_all()

    def _limit_window(self) -> None:
        self._window = receive_buffer(self._loop)[: self.limits.read_buffer]

    def _pull(self) -> bool:
        has_changed = super()._pull()
        self._is_plain = self._is_plain and not self._received.has_ended
        self._hold_if_full()
        return has_changed

    def _hold_if_full(self) -> None:
        if not self._received.room and not self._received.has_ended:
            self._hold()

    def _hold(self) -> None:
        if self._transport is not None:
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

    def _limits_changed(self) -> None:
        if self._is_attached:
            self._limit_window()
        self._hold_if_full()
        super()._limits_changed()

    def _others_may_read(self) -> None:
        self._hold_if_full()  # bytes that came back take room
        super()._others_may_read()

    def _fail(self, error: BaseException | None) -> None:
        """The descriptor is gone, and nobody here closed it."""
        if not isinstance(error, OSError):
            error = OSError(errno.ECONNABORTED, f"the event loop gave it up: {error or 'it was closed'}")
        if not self._received.has_ended:
            self._note_read_failure(error)
        if self._write_failure is None:
            self._note_write_failure(error)

    # --- sending what the kernel did not take at once -----------------------------------------------------------------

    def _has_queued(self) -> None:
        with contextlib.suppress(RuntimeError):  # no loop runs: it goes out with the next call that waits or flushes
            self._loop = asyncio.get_running_loop()
            self._watch_writing()
        super()._has_queued()

    def _watch_writing(self) -> None:
        if self._sender is not None or not self._unsent:
            return
        try:
            self._sender = OwnedDescriptor.made_by(partial(os.dup, self._descriptor))
            self._loop.add_writer(self._sender.number, self._send_more)
        except OSError:
            self._unwatch_writing()
            if self._retry is None:
                self._retry = self._loop.call_later(_LOOK_AGAIN, self._send_more)
        except BaseException:  # of a signal's handler
            self._unwatch_writing()
            raise

    def _send_more(self) -> None:
        self._retry = None
        if self._state is SocketState.CLOSED:
            return
        self._push()
        if self._unsent:
            self._watch_writing()
        else:
            self._unwatch_writing()
        self._waiters.wake_all()

    def _unwatch_writing(self) -> None:
        if (sender := self._sender) is not None:
            if sender.number >= 0 and not self._loop.is_closed():
                self._loop.remove_writer(sender.number)
            sender.close()
            self._sender = None

    # --- waiting ------------------------------------------------------------------------------------------------------

    def _wait(self, deadline: Deadline) -> Awaitable[None]:
        if not self._is_attached and self._sock.fileno() >= 0:
            if self._refresh():  # for one question and one answer the loop need not receive
                return asyncio.sleep(0)  # where a peer never stops sending, others have to run
            self._attach()
        if self._is_held:
            self._settle()  # a fresh chunk takes room too
            if self._received.room:
                self._resume()
        if self._unsent.size:
            self._watch_writing()
        seconds = None if deadline is NEVER else deadline.remaining()
        if self._deaf:
            seconds = _LOOK_AGAIN if seconds is None else min(seconds, _LOOK_AGAIN)
        return self._waiters.wait(self._loop, seconds)

    @contextlib.contextmanager
    def _watching_for_hang_up(self) -> Iterator[None]:
        with HangUpPoller(self._descriptor) as poller:
            if (descriptor := poller.fileno()) < 0:
                self._deaf += 1
                try:
                    yield
                finally:
                    self._deaf -= 1
                return
            loop = asyncio.get_running_loop()
            loop.add_reader(descriptor, self._waiters.wake_all)
            try:
                yield
            finally:
                loop.remove_reader(descriptor)

    def _wake_all(self) -> None:
        self._waiters.wake_all()

    def _current_owner(self) -> int:
        try:
            return id(asyncio.current_task())
        except RuntimeError:  # no loop runs, and so nobody else either
            return 0

    # --- ending -------------------------------------------------------------------------------------------------------

    def _change_state(self, state: SocketState) -> None:
        super()._change_state(state)
        self._fresh = None
        self._is_plain = False

    def _start_closing(self) -> None:
        super()._start_closing()
        if self._is_held:
            self._resume()

    def _leaving(self) -> None:
        if self._waiters:
            raise Busy("another task waits on this socket")

    def _give_away(self) -> int:
        if not self._is_attached:
            self._unwatch_writing()
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
        if not self._is_attached or self._loop.is_closed():
            self._sock.close()
            self._closed()
        elif self._transport is not None:
            self._transport.abort()  # _end_receiving() follows

    async def _wait_closed(self) -> None:
        while self._is_attached and not self._loop.is_closed():
            await self._waiters.wait(self._loop, None)
