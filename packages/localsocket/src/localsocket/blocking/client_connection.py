"""One connection of a client: its conversation, and the threads that wait for parts of it."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator

from localsocket._core import short_ways
from localsocket.blocking.shared_socket import SharedSocket, Turn
from localsocket.deadlines import Deadline
from localsocket.errors import ClosedByUs, DeadlinePassed, LocalSocketError
from localsocket.interfaces import Laden, SocketState
from localsocket.services.any_client_connection import AnyClientConnection
from localsocket.services.client_core import ClientCore
from localsocket.wire.caller import OpenCall


@short_ways("_tell_waiters")
class ClientConnection(AnyClientConnection):
    """See AnyClientConnection; any thread may call and wait."""

    def __init__(self, core: ClientCore, socket: SharedSocket) -> None:
        super().__init__(core)
        core.share_memory(self.caller, socket)
        core.tell_place(self.caller, socket)
        self.socket = socket
        self._unsent = socket._unsent
        self._later: deque[bytes] = deque()
        self._begin_waiting()
        self._carry_descriptors(socket._carry_descriptors)
        socket.begin(self._take_in, self._end)

    def _begin_waiting(self) -> None:
        self._greeted = Turn()
        self._waiting_for_room: deque[Turn] = deque()
        self._waiting_for_end: list[Turn] = []
        self._is_flushing = False

    def greet(self, deadline: Deadline) -> None:
        """Tell the peer who this is, and wait until it has told the same."""
        self.send(self.caller.opening(), deadline, "greeting")
        if not self.socket.wait(self._greeted, deadline):
            raise deadline.error(f"waiting for the greeting of {self.socket.address!r}")
        self._note_greeted()

    def repeat(self, lost: ClientConnection, deadline: Deadline) -> None:
        """Make the calls again that were under way on a connection that was lost."""
        frames = b"".join(self._take_over(call, call.holder or lost) for call in list(lost.to_repeat))
        if frames:
            self.send(frames, deadline, "repeating calls")

    def _take_over(self, call: OpenCall, holder: ClientConnection) -> bytes:
        with holder.socket.lock, self.socket.lock:  # so that it is not given up there in the meantime
            return self._reopen([call])

    def send(self, data: bytes, deadline: Deadline, doing: str) -> None:
        """Send, or queue; waits when much is queued already."""
        if self._later:
            before = b"".join(self._take_later())
            if type(data) is Laden:  # which nothing may be put before
                self.send(before, deadline, doing)
            else:
                data = before + data
        self.core.tally.bytes_sent += len(data)
        socket = self.socket
        while self._unsent.size > self.core.limits.unsent:  # again: of those who waited another may have been quicker
            if not socket.wait_sent(deadline):
                raise deadline.error(doing)
        try:
            socket.write_nowait(data)
        except LocalSocketError as error:
            with socket.lock:
                self._end(error)
            if isinstance(error, ClosedByUs) and self.error is not None:
                raise self.error from None
            raise
        except BaseException:
            if (broken_off := socket.broken_off()) is not None:
                with socket.lock:
                    self._end(broken_off)
            raise

    def send_or_withdraw(self, frame: bytes, deadline: Deadline, doing: str) -> None:
        """Send what a caller has made, or tell it that this was never sent: its time was over before."""
        try:
            self.send(frame, deadline, doing)
        except DeadlinePassed:
            with self.socket.lock:
                self.caller.withdraw(frame)
            raise

    def send_from_collector(self, data: bytes) -> None:
        """Send from wherever the garbage collector runs: now where that can be, else with what is sent next."""
        if not self.socket.write_unless_busy(data):
            self._later.append(data)

    def wait_served(self, deadline: Deadline, doing: str) -> None:
        """Wait until something may be said that is no answer: of a service, its client knows that it has greeted."""

    def wait_room(self, deadline: Deadline, doing: str) -> None:
        """Wait until one more call may be made, or the connection is lost."""
        turn = Turn()
        try:
            with self.socket.lock:
                if self.error is not None or self.caller.has_room:
                    return
                self._waiting_for_room.append(turn)
            if not self.socket.wait(turn, deadline):
                raise deadline.error(doing)
            self._leave_room(turn)
        except BaseException:
            self._leave_room(turn)
            raise

    def wait_ended(self, deadline: Deadline) -> bool:
        """Wait until the connection is over; False when the time is over before."""
        turn = Turn()
        with self.socket.lock:
            if self.error is not None:
                return True
            self._waiting_for_end.append(turn)
        try:
            return self.socket.wait(turn, deadline)
        finally:
            self._waiting_for_end.remove(turn)

    def abort(self) -> None:
        self.socket.abort()

    def cut_off(self) -> None:
        """Close at once, and tell who waits; what is unsent is dropped."""
        with self.socket.lock:
            self._end(ClosedByUs("the client"))

    def close(self, deadline: Deadline) -> None:
        """Tell who waits, send what is unsent, and close; raise what is lost if it cannot be sent."""
        socket = self.socket
        with socket.lock:
            if self.error is not None and (not self._is_flushing or socket.state is SocketState.CLOSED):
                socket.close_soon()  # an interrupt may have cut that off
                return
            self._is_flushing = True  # and the socket stays open for that
            self._end(ClosedByUs("the client"))
        try:
            if not socket.wait_sent(deadline):
                raise deadline.error("closing the client", queued=len(self._unsent))
            if self._was_in_use:
                socket.check_none_lost()
        finally:
            with socket.lock:
                socket.close_soon()

    def _take_later(self) -> Iterator[bytes]:
        """Give what is to be sent with what is sent next, each to one thread."""
        with contextlib.suppress(IndexError):
            while True:
                yield self._later.popleft()

    def _leave_room(self, turn: Turn) -> None:
        with self.socket.lock:
            if turn in self._waiting_for_room:
                self._waiting_for_room.remove(turn)
            else:
                self._look_for_room()  # in case this one makes no call after all

    # --- its lock is held ---------------------------------------------------------------------------------------------

    @staticmethod
    def _wake_waiters(call: OpenCall) -> None:
        for turn in call.waiter:
            turn.finish()
        call.waiter = []

    def _send_soon(self, data: bytes) -> None:
        with contextlib.suppress(LocalSocketError):  # whoever receives is told
            self.socket.write_nowait(data)
            self.core.tally.bytes_sent += len(data)

    def _look_for_room(self) -> None:
        for _ in range(min(len(self._waiting_for_room), self.caller.room)):
            self._waiting_for_room[0].finish()
            self._waiting_for_room.popleft()

    def _has_news(self) -> None:
        if not self._greeted.is_done and self.caller.peer is not None:
            self._greeted.finish()
        if self._waiting_for_room:
            self._look_for_room()

    def _wake_all(self) -> None:
        self._greeted.finish()
        for turn in (*self._waiting_for_room, *self._waiting_for_end):
            turn.finish()

    def _has_ended(self) -> None:
        self._wake_all()
        if not self._is_flushing:
            self._log_loss(self.socket._bytes_lost)
            self.socket.close_soon()
