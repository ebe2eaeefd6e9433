"""One connection of a client: its conversation, and the tasks that wait for parts of it."""

from __future__ import annotations

import asyncio

from localsocket.aio.pending_call import finish_waiters
from localsocket.aio.shared_socket import SharedSocket
from localsocket.aio.waiting import Waiters
from localsocket.deadlines import Deadline
from localsocket.errors import ClosedByUs, LocalSocketError, PeerBrokeProtocol
from localsocket.services.client_core import ClientCore, lost_in_call
from localsocket.wire.caller import OpenCall


class ClientConnection:
    """A connection that begins with the greeting, and ends with `error`, which says why.

    `to_repeat` are the calls that were under way then and are to be made again on the next connection.
    """

    def __init__(self, core: ClientCore, socket: SharedSocket) -> None:
        self.core = core
        self.caller = core.new_caller()
        self.error: LocalSocketError | None = None
        self.to_repeat: list[OpenCall] = []
        self.loop = asyncio.get_running_loop()
        self._socket = socket
        self._greeting_or_room = Waiters()
        self._sending = Waiters()
        socket.begin(self._take_in, self._end, self._sending.wake_all)

    async def greet(self, deadline: Deadline) -> None:
        """Tell the peer who this is, and wait until it has told the same."""
        self.send(self.caller.mine.encode())
        while self.caller.peer is None and self.error is None:
            await _wait(self._greeting_or_room, deadline, f"waiting for the greeting of {self._socket.address!r}")
        if self.error is not None:
            raise self.error
        self.core.tally.connections += 1

    def repeat(self, calls: list[OpenCall]) -> None:
        """Make the calls again that were under way on a connection that was lost."""
        if frames := self.caller.reopen([call for call in calls if not call.is_over]):
            self.send(frames)

    def send(self, data: bytes) -> None:
        """Send at once what is alone, and together what is sent in the same turn of the loop."""
        self.core.tally.bytes_sent += len(data)
        if self.caller.open_calls > 1:
            self._socket.send(data)
        else:
            self._socket.send_now(data)

    @property
    def is_clogged(self) -> bool:
        """Whether so much waits to be sent that one should wait."""
        return self._socket.bytes_to_send > self.core.limits.unsent

    async def wait_sent(self, deadline: Deadline, doing: str) -> None:
        """Wait until it is not clogged any more, or the connection is lost."""
        while self.is_clogged and self.error is None:
            await _wait(self._sending, deadline, doing)

    async def wait_room(self, deadline: Deadline, doing: str) -> None:
        """Wait until one more call may be made, or the connection is lost."""
        while not self.caller.has_room and self.error is None:
            await _wait(self._greeting_or_room, deadline, doing)

    def look_for_room(self) -> None:
        """Let those who wait for room look, if there is some."""
        if self.caller.has_room:
            self._greeting_or_room.wake_all()

    async def close(self) -> None:
        self._end(ClosedByUs("the client"))
        await self._socket.close()

    def __repr__(self) -> str:
        return f"{self.caller.open_calls} calls under way" if self.error is None else f"lost: {self.error}"

    # ------------------------------------------------------------------------------------------------------------------

    def _take_in(self, data: bytes) -> None:
        self.core.tally.bytes_received += len(data)
        was_greeted = self.caller.peer is not None
        try:
            news = self.caller.feed(data)
        except PeerBrokeProtocol as error:
            self._end(error)
            return
        for call in news:
            if call.waiter:
                finish_waiters(call)
        if not was_greeted:
            self._greeting_or_room.wake_all()
        self.look_for_room()

    def _end(self, error: LocalSocketError) -> None:
        if self.error is not None:
            return
        self.error = error
        for call in self.caller.abandon():
            if self.core.may_repeat(self.caller, call) and not isinstance(error, ClosedByUs):
                self.to_repeat.append(call)
            else:
                call.is_over = True
                call.error = lost_in_call(call, error)
            finish_waiters(call)
        self._greeting_or_room.wake_all()
        self._sending.wake_all()
        self._socket.abort()


async def _wait(waiters: Waiters, deadline: Deadline, doing: str) -> None:
    if deadline.has_passed():
        raise deadline.error(doing)
    await waiters.wait(asyncio.get_running_loop(), deadline.remaining())
