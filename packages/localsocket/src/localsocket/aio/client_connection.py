"""One connection of a client: its conversation, and the tasks that wait for parts of it."""

from __future__ import annotations

import asyncio

from localsocket.aio.late_calls import TimedWaits
from localsocket.aio.shared_socket import SharedSocket
from localsocket.aio.waiting import Waiters
from localsocket.deadlines import Deadline
from localsocket.errors import ClosedByPeer, ClosedByUs
from localsocket.services.any_client_connection import AnyClientConnection
from localsocket.services.client_core import ClientCore
from localsocket.wire.caller import OpenCall


class ClientConnection(AnyClientConnection):
    """See AnyClientConnection; for the tasks of one loop."""

    def __init__(self, core: ClientCore, socket: SharedSocket) -> None:
        super().__init__(core)
        core.share_memory(self.caller, socket)
        core.tell_place(self.caller, socket)
        self._begin_waiting(socket, asyncio.get_running_loop())
        self._carry_descriptors(socket._carry_descriptors)
        socket.begin(self._take_in, self._end, self._sending.wake_all)

    def _begin_waiting(self, socket: SharedSocket, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._socket = socket
        self._is_greeted = False
        self._is_flushing = False
        self._is_held = False  # until somebody takes items
        self._greeting_or_room = Waiters()
        self._sending = Waiters()
        self._ended = Waiters()
        self.waits = TimedWaits(loop)

    async def greet(self, deadline: Deadline) -> None:
        """Tell the peer who this is, and wait until it has told the same."""
        self._speak_first()
        await self._wait_greeted(deadline, f"waiting for the greeting of {self._socket.address!r}")
        self._note_greeted()

    def _speak_first(self) -> None:
        self.send(self.caller.opening())

    async def wait_over(self, deadline: Deadline) -> bool:
        """Wait until the connection is over; False when the time is over before."""
        while self.error is None and not deadline.has_passed():
            await self._ended.wait(self.loop, deadline.remaining())
        return self.error is not None

    def repeat(self, lost: ClientConnection) -> None:
        """Make the calls again that were under way on a connection that was lost."""
        if frames := self._reopen(lost.to_repeat):
            self.send(frames)

    def send(self, data: bytes) -> None:
        """Send at once what is alone, and together what is sent in the same turn of the loop."""
        self.core.tally.bytes_sent += len(data)
        if self.caller.open_calls > 1:
            self._socket.send(data)
        else:
            self._socket.send_now(data)

    def send_or_raise(self, data: bytes) -> None:
        """Send what nobody will wait for; raise why that cannot be done."""
        if self.error is None:
            self.send(data)
        if self.error is not None:
            raise self.error
        if self._socket.is_cut:  # and answers that came before are still to be read
            raise ClosedByPeer("writing to it", unsent=len(data))

    def has_taken(self) -> None:
        """An item was taken: receive more, if there is room for that again."""
        if self._is_held and not self.caller.is_full:
            self._is_held = False
            self._socket.set_reading(True)

    async def wait_ended(self, deadline: Deadline, doing: str) -> None:
        """Wait until a connection that is lost has been read to its end."""
        while self.error is None:
            await wait_for(self._sending, deadline, doing)

    @property
    def is_clogged(self) -> bool:
        """Whether so much waits to be sent that one should wait."""
        return self._socket.bytes_to_send > self.core.limits.unsent

    async def wait_sent(self, deadline: Deadline, doing: str) -> None:
        """Wait until it is not clogged any more, or the connection is lost."""
        while self.is_clogged and self.error is None:
            await wait_for(self._sending, deadline, doing)

    async def wait_served(self, deadline: Deadline, doing: str) -> None:
        """Wait until something may be said that is no answer: of a service, its client knows that it has greeted."""

    async def wait_room(self, deadline: Deadline, doing: str) -> None:
        """Wait until one more call may be made, or the connection is lost."""
        while not self.caller.has_room and self.error is None:
            await wait_for(self._greeting_or_room, deadline, doing)

    def cut_off(self) -> None:
        """Close at once, and tell who waits; what is unsent is dropped."""
        self._end(ClosedByUs("the client"))

    async def close(self, deadline: Deadline) -> None:
        """Tell who waits, send what is unsent, and close; raise what is lost if it cannot be sent."""
        if self.error is not None:
            await self._socket.close()
            return
        self._is_flushing = True
        self._end(ClosedByUs("the client"))
        try:
            self._socket.send_gathered()
            await self._socket.close(timeout=deadline.remaining())
        except ClosedByPeer:
            if self._was_in_use:
                raise
        finally:
            self._socket.abort()

    def abort(self) -> None:
        self._socket.abort()

    # ------------------------------------------------------------------------------------------------------------------

    async def _wait_greeted(self, deadline: Deadline, doing: str) -> None:
        while self.caller.peer is None and self.error is None:
            await wait_for(self._greeting_or_room, deadline, doing)

    @staticmethod
    def _wake_waiters(call: OpenCall) -> None:
        for future in call.waiter:
            if not future.done():
                future.set_result(None)
        call.waiter = []

    def _send_soon(self, data: bytes) -> None:
        self.core.tally.bytes_sent += len(data)
        self._socket.send_now(data)

    def _look_for_room(self) -> None:
        if self.caller.has_room:
            self._greeting_or_room.wake_all()

    def _has_news(self) -> None:
        if not self._is_greeted:
            self._is_greeted = self.caller.peer is not None
            self._greeting_or_room.wake_all()
        self._look_for_room()
        if self.caller.is_full and not self._is_held:
            self._is_held = True
            self._socket.set_reading(False)

    def _wake_all(self) -> None:
        for waiters in (self._greeting_or_room, self._sending, self._ended):
            waiters.wake_all()
        self.waits.forget()

    def _has_ended(self) -> None:
        self._wake_all()
        if not self._is_flushing:
            self._log_loss(self._socket._bytes_lost)
            self._socket.abort()


async def wait_for(waiters: Waiters, deadline: Deadline, doing: str) -> None:
    if deadline.has_passed():
        raise deadline.error(doing)
    await waiters.wait(asyncio.get_running_loop(), deadline.remaining())
