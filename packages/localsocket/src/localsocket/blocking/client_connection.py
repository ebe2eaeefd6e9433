"""One connection of a client: its conversation, and the threads that wait for parts of it."""

from __future__ import annotations

from collections import deque

from localsocket.blocking.pending_call import finish_turns
from localsocket.blocking.shared_socket import SharedSocket, Turn
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
        self.socket = socket
        self._unsent = socket._unsent
        self.caller = core.new_caller()
        self.error: LocalSocketError | None = None
        self.to_repeat: list[OpenCall] = []
        self._greeted = Turn()
        self._waiting_for_room: deque[Turn] = deque()
        self._later: list[bytes] = []
        socket.begin(self._take_in, self._end)

    def greet(self, deadline: Deadline) -> None:
        """Tell the peer who this is, and wait until it has told the same."""
        self.send(self.caller.mine.encode(), deadline, "greeting")
        if not self.socket.wait(self._greeted, deadline):
            raise deadline.error(f"waiting for the greeting of {self.socket.address!r}")
        if self.error is not None:
            raise self.error
        self.core.tally.connections += 1

    def repeat(self, calls: list[OpenCall], deadline: Deadline) -> None:
        """Make the calls again that were under way on a connection that was lost."""
        with self.socket.lock:
            frames = self.caller.reopen([call for call in calls if not call.is_over])
        if frames:
            self.send(frames, deadline, "repeating calls")

    def send(self, data: bytes, deadline: Deadline, doing: str) -> None:
        """Send, or queue; waits when much is queued already."""
        if self._later:
            later, self._later = self._later, []
            data = b"".join([*later, data])
        self.core.tally.bytes_sent += len(data)
        socket = self.socket
        while self._unsent.size > self.core.limits.unsent:  # again: of those who waited another may have been quicker
            if not socket.wait_sent(deadline):
                raise deadline.error(doing)
        try:
            socket.write_nowait(data)
        except ClosedByUs:
            raise self.error or ClosedByUs("the client") from None
        except LocalSocketError as error:
            with socket.lock:
                self._end(error)
            raise

    def send_from_collector(self, data: bytes) -> None:
        """Send from wherever the garbage collector runs: now where that can be, else with what is sent next."""
        if not self.socket.write_unless_busy(data):
            self._later.append(data)

    def wait_room(self, deadline: Deadline, doing: str) -> None:
        """Wait until one more call may be made, or the connection is lost."""
        turn = Turn()
        with self.socket.lock:
            if self.error is not None or self.caller.has_room:
                return
            self._waiting_for_room.append(turn)
        try:
            if not self.socket.wait(turn, deadline):
                raise deadline.error(doing)
        finally:
            with self.socket.lock:
                if turn in self._waiting_for_room:
                    self._waiting_for_room.remove(turn)
                else:
                    self.look_for_room()  # in case this one makes no call after all

    def look_for_room(self) -> None:
        """Let those who wait for room go on, as many as there is room for; under the lock."""
        for _ in range(min(len(self._waiting_for_room), self.caller.room)):
            self._waiting_for_room.popleft().finish()

    def close(self) -> None:
        with self.socket.lock:
            self._end(ClosedByUs("the client"))

    def __repr__(self) -> str:
        return f"{self.caller.open_calls} calls under way" if self.error is None else f"lost: {self.error}"

    # --- what the socket calls; its lock is held ----------------------------------------------------------------------

    def _take_in(self, data: bytes) -> None:
        self.core.tally.bytes_received += len(data)
        try:
            news = self.caller.feed(data)
        except PeerBrokeProtocol as error:
            self._end(error)
            return
        for call in news:
            if call.waiter:
                finish_turns(call)
        if not self._greeted.is_done and self.caller.peer is not None:
            self._greeted.finish()
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
            finish_turns(call)
        self._greeted.finish()
        for turn in self._waiting_for_room:
            turn.finish()
        self.socket.close_soon()
