"""The waiting calls of a socket, awaited: everything but how a task waits, which asyncio and anyio do differently."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import Any, Self

from localsocket.deadlines import NEVER, Deadline, check_count
from localsocket.errors import DeadlinePassed, EndOfStream, LocalSocketError
from localsocket.interfaces import Buffer, SocketState, as_bytes
from localsocket.sockets.caller_driven import CLOSE_TIMEOUT, CallerDrivenSocket
from localsocket.sockets.connected_socket import T
from localsocket.wire.byte_buffer import ByteBuffer


class AwaitedSocket(CallerDrivenSocket, abc.ABC):
    """A connected local socket whose waiting calls are coroutines.

    Cancelling a call has the meaning of a deadline that passes: a read has consumed nothing; of a write either nothing
    was sent, or the rest is kept and goes out by itself (`bytes_to_write` tells how much waits), and it must not be
    written again.
    """

    __slots__ = ()

    # --- reading ------------------------------------------------------------------------------------------------------

    async def read(self, max_bytes: int | None = None, *, timeout: float | None = None) -> bytes:
        """Return what has arrived, at most `max_bytes`, waiting for at least one byte; b"" at the end of the stream."""
        if max_bytes is not None:
            check_count(max_bytes, "max_bytes")
        return await self._read(partial(self._take_some, max_bytes), timeout, "reading")

    async def read_exactly(self, count: int, *, timeout: float | None = None) -> bytes:
        """Return the next `count` bytes, waiting until all of them have arrived."""
        check_count(count, "count")
        return await self._read(partial(self._received.take_exactly, count), timeout, f"reading {count} bytes")

    async def read_line(
        self, *, timeout: float | None = None, max_bytes: int | None = None, keep_ending: bool = False
    ) -> bytes:
        """Return the next line without its ending, waiting until `timeout`."""
        take = self._line_taker(max_bytes, keep_ending=keep_ending)
        return await self._read(take, timeout, "reading a line")

    async def read_to_end(self, *, timeout: float | None = None, max_bytes: int | None = None) -> bytes:
        """Return everything up to the end of the stream, waiting for the peer to finish sending."""
        limit = self.limits.read_buffer if max_bytes is None else check_count(max_bytes, "max_bytes")
        return await self._read(partial(self._received.take_to_end, limit), timeout, "reading to the end")

    async def read_parsed(
        self, parse: Callable[[ByteBuffer], T | None], doing: str, *, timeout: float | None = None
    ) -> T:
        """Return the result of `parse` on the received bytes, waiting until it is not None."""
        return await self._read(partial(parse, self._received), timeout, doing)

    async def wait_readable(self, timeout: float | None = None) -> bool:
        """Wait until at least one byte can be read; return False if the stream ends or the time runs out first."""
        try:
            return await self._wait_for(self._is_readable, Deadline(timeout), "waiting for bytes")
        except DeadlinePassed:
            return False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over the lines, without their endings, to the end of the stream, waiting for each for ever."""
        while True:
            try:
                line = await self.read_line()
            except EndOfStream:
                return
            yield line

    # --- writing ------------------------------------------------------------------------------------------------------

    async def write(self, data: Buffer, *, timeout: float | None = None) -> None:
        """Send `data`, waiting until the kernel has accepted all of it, in one piece however many tasks write."""
        deadline = NEVER if timeout is None else Deadline(timeout)
        if type(data) is not bytes:
            data = as_bytes(data)
        if (end := self._begin_write(data)) is None:
            return
        await self._finish_write(data, end, deadline)

    async def _finish_write(self, data: Buffer, end: int, deadline: Deadline) -> None:
        try:
            if not end:
                end = await self._wait_for(partial(self._enqueue, data), deadline, "writing")
            await self._wait_for(partial(self._is_sent, end), deadline, "writing")
        except BaseException as error:
            self._has_queued()
            self._break_off_write(error, end, deadline)
            raise

    async def flush(self, *, timeout: float | None = None) -> None:
        """Wait until the kernel has accepted everything that was written."""
        await self._wait_for(self._is_flushed, Deadline(timeout), "flushing")

    # --- ending -------------------------------------------------------------------------------------------------------

    async def shutdown_write(self, *, timeout: float | None = None) -> None:
        """Finish sending: the peer reads what is on its way and then sees the end; it can still answer."""
        await self._wait_for(self._end_flushed_writing, Deadline(timeout), "finishing to send")

    async def wait_disconnected(self, timeout: float | None = None) -> bool:
        """Wait until the peer has closed; return False if the time runs out first. Received bytes stay readable."""
        deadline = Deadline(timeout)
        try:
            with self._watching_for_hang_up():
                return await self._wait_for(self._is_disconnected, deadline, "waiting for the peer to close")
        except DeadlinePassed:
            return False

    async def close(self, *, timeout: float | None = CLOSE_TIMEOUT) -> None:
        """Send unsent bytes, then close; unread bytes are dropped, and every waiting task gets ClosedByUs.

        The socket is closed in any case, also when the call is cancelled; DeadlinePassed or ClosedByPeer then says how
        many bytes were lost. Closing again has no effect.
        """
        deadline = Deadline(timeout)
        if not self._begin_close():
            if self._state is SocketState.CLOSED:
                await self._wait_closed()
            return
        try:
            await self._wait_for(self._is_drained, deadline, "closing")
            self._check_none_lost()
        except DeadlinePassed:
            raise deadline.error("closing", queued=len(self._unsent)) from None
        finally:
            self.abort()
            await self._wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self.close()
        elif isinstance(error, Exception):
            # The error on its way out is the one that matters: it must not be replaced by what closing says.
            with contextlib.suppress(LocalSocketError):
                await self.close()
        else:
            self.abort()  # cancelled: not the time to wait for a peer

    # --- for a face to fill in ----------------------------------------------------------------------------------------

    @abc.abstractmethod
    def _wait(self, deadline: Deadline) -> Awaitable[object]:
        """Return what ends when something may have changed, bytes moved included, or the deadline has passed."""

    @abc.abstractmethod
    def _watching_for_hang_up(self) -> contextlib.AbstractContextManager[None]:
        """Have the peer's closing end a _wait() also where nothing is to be read or sent."""

    @abc.abstractmethod
    async def _wait_closed(self) -> None:
        """Wait until the descriptor of an aborted socket is closed."""

    @abc.abstractmethod
    def _wake_all(self) -> None:
        """End every _wait()."""

    # ------------------------------------------------------------------------------------------------------------------

    def _read(self, take: Callable[[], T | None], timeout: float | None, doing: str) -> Coroutine[Any, Any, T]:
        deadline = NEVER if timeout is None else Deadline(timeout)
        return self._wait_for(partial(self._try_to_read, take), deadline, doing)

    async def _wait_for(self, attempt: Callable[[], T | None], deadline: Deadline, doing: str) -> T:
        """Wait until `attempt` gives something other than None, or raises, or the deadline passes."""
        has_looked = False
        while (result := attempt()) is None:
            if deadline is NEVER or not deadline.has_passed():
                await self._wait(deadline)
            elif has_looked:
                raise deadline.error(doing)
            else:
                self._refresh()
                self._push()
                has_looked = True
        return result

    # Everything that changes the connection wakes who waits for it.

    def _refresh(self) -> bool:
        self._settle()
        if has_changed := self._pull():
            self._wake_all()
        return has_changed

    def _limits_changed(self) -> None:
        self._wake_all()

    def _has_queued(self) -> None:
        self._wake_all()

    def _has_sent(self) -> None:
        self._wake_all()

    def _others_may_read(self) -> None:
        self._wake_all()

    def _start_closing(self) -> None:
        super()._start_closing()
        self._wake_all()

    def _finish_closing(self) -> None:
        super()._finish_closing()
        self._wake_all()
