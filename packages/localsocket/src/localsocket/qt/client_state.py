"""What a client is in a Qt program: who waits to call, the connection, and how one comes after another."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from localsocket.deadlines import NEVER, Deadline
from localsocket.errors import ClosedByPeer, ClosedByUs, LocalSocketError
from localsocket.qt.binding import QtObject
from localsocket.qt.client_connection import ClientConnection
from localsocket.qt.owner import Owner
from localsocket.qt.shared_socket import SharedSocket
from localsocket.services.any_client import AnyClient
from localsocket.services.client_core import ClientOptions, lost_in_call
from localsocket.sockets.connector import Connector
from localsocket.sockets.given_socket import Reached


class CallsAndTells(Protocol):
    """A call that is to be sent, or whose end is to be told."""

    def send(self, connection: ClientConnection) -> None: ...

    def fail(self, error: Exception) -> None: ...

    def forget(self) -> None:
        """It is over, and nothing more is told."""


class ClientState(AnyClient[ClientConnection]):
    """Connects, sends what waits, and tells what has come; everything in the thread of `owner`.

    What is told is told later, from the event loop, one after the other: so nobody is called back by a call of theirs,
    and what a slot does, such as closing the client or destroying its parent, meets nothing half done.
    """

    def __init__(self, address: Reached, parent: QtObject | None, options: ClientOptions) -> None:
        super().__init__(address, options)
        self.under_way: set[CallsAndTells] = set()  # which lives until all is told, even if nobody keeps it
        self._waiting: deque[CallsAndTells] = deque()
        self._news: deque[Callable[[], object]] = deque()
        self._connecting: Connector[Any] | None = None
        self._connecting_until = NEVER
        self.owner = Owner(parent, self._owner_ended)
        self._soon = self.owner.timer(self._work)
        self._again = self.owner.timer(self._attempt)
        self._greeting_late = self.owner.timer(self._give_up_greeting)
        self._closing_late = self.owner.timer(self._give_up_closing)

    # --- for the client and its calls ---------------------------------------------------------------------------------

    def open(self) -> None:
        self.owner.check_thread()
        self.tell(self._open)

    def begin(self, call: CallsAndTells) -> None:
        """Send it as soon as it can be."""
        self.under_way.add(call)
        self._waiting.append(call)
        self.look_soon()

    @property
    def is_connecting(self) -> bool:
        return self._connecting is not None

    def withdraw(self, call: CallsAndTells) -> bool:
        """Return whether the call has not been sent, and is not to be."""
        if call in self._waiting:
            self._waiting.remove(call)
            return True
        return False

    def tell(self, news: Callable[[], object]) -> None:
        """Call it soon, behind what is to be told already."""
        self._news.append(news)
        self.look_soon()

    def look_soon(self) -> None:
        if not (self.owner.is_over or self._soon.isActive()):
            self._soon.start(0)

    def close(self, timeout: float | None) -> None:
        """End everything; what is unsent is sent until `timeout`, while the loop runs."""
        self.owner.check_thread()
        if self._is_closed:
            return
        deadline = Deadline(timeout)
        self._is_closed = True
        self._end_connecting(ClosedByUs("the client"))
        if self._connection is not None and self._connection.close() and (left := deadline.remaining()) is not None:
            self._closing_late.start(milliseconds(left))
        self.look_soon()

    # --- what a connection tells --------------------------------------------------------------------------------------

    def has_greeted(self, connection: ClientConnection) -> None:
        before, self._connection, self._greeting = self._connection, connection, None
        self._end_attempts()
        connection.note_greeted()
        if before is not None:
            connection.repeat(before)
        self.tell(lambda: self.owner.signal("connected").emit())

    def has_ended(self, connection: ClientConnection) -> None:
        error = connection.error
        assert error is not None
        if connection is self._greeting:
            self._greeting = None
            self._greeting_has_failed(error)
        elif connection is self._connection and not self.owner.is_over:
            self._tell_disconnected(error)
            if connection.to_repeat and not self._is_closed:
                self.tell(self._open)

    # ------------------------------------------------------------------------------------------------------------------

    def _renew_lock(self) -> None:
        """There is none: a client belongs to one thread."""

    def _tell_disconnected(self, error: Exception) -> None:
        self.tell(lambda: self.owner.signal("disconnected").emit(error))

    def _owner_ended(self) -> None:
        """Nothing more is told: end at once."""
        self._is_closed = True
        for call in self.under_way:
            call.forget()
        for pending in (self.under_way, self._waiting, self._news):
            pending.clear()
        greeting, self._greeting = self._greeting, None
        for connection in (self._connection, greeting):
            if connection is not None:
                connection.cut_off()
        if self._connecting is not None:
            self._connecting.close()
            self._connecting = None

    def _work(self) -> None:
        while self._news:
            self._news.popleft()()
        self._send_waiting()

    def _send_waiting(self) -> None:
        while self._waiting and (connection := self._open()) is not None:
            if connection.is_cut or connection.is_clogged or not connection.caller.has_room:
                return
            self._waiting.popleft().send(connection)

    def _open(self) -> ClientConnection | None:
        """Return the connection; None while one is being made, or there will be none, which is told who waits."""
        try:
            connection = self._usable_connection()
        except LocalSocketError as error:
            self._fail_waiting(error)
            return None
        if connection is None and self._connecting is None:
            self._connecting_until = self._core.connecting_deadline(NEVER)
            try:
                self._connecting = self._connector(SharedSocket, self._connecting_until)
            except LocalSocketError as error:
                self._end_connecting(error)
            else:
                self._attempt()
        return connection

    def _attempt(self) -> None:
        if (connector := self._connecting) is None:
            return
        try:
            socket = connector.attempt()
        except Exception as error:  # the system's, too
            self._end_connecting(error)
            return
        if socket is None:
            self._again.start(milliseconds(connector.next_pause()))
            return
        self._greeting = ClientConnection(self._core, socket, self)
        if (left := self._connecting_until.remaining()) is not None:
            self._greeting_late.start(milliseconds(left))
        self._greeting.greet()

    def _greeting_has_failed(self, error: LocalSocketError) -> None:
        if (connector := self._connecting) is None:
            return
        self._greeting_late.stop()
        # A server that ends takes nobody in any more, while its door stands open for another moment.
        if isinstance(error, ClosedByPeer) and connector.waits_for_server:
            try:
                connector.note(error)
            except LocalSocketError as late:
                error = late
            else:
                self._again.start(milliseconds(connector.next_pause()))
                return
        self._end_connecting(error)

    def _give_up_greeting(self) -> None:
        if (greeting := self._greeting) is not None:
            self._greeting = None
            greeting.cut_off()
            self._end_connecting(self._connecting_until.error(f"waiting for the greeting of {self.address!r}"))

    def _give_up_closing(self) -> None:
        if self._connection is not None:
            self._connection.abort()

    def _end_attempts(self) -> None:
        self._again.stop()
        self._greeting_late.stop()
        if (connector := self._connecting) is not None:
            self._connecting = None
            connector.close()

    def _end_connecting(self, error: Exception) -> None:
        """There is no connection, and `error` says why: tell who waits for one."""
        self._end_attempts()
        if (greeting := self._greeting) is not None:
            self._greeting = None
            greeting.cut_off()
        if not self._is_closed:
            self._tell_disconnected(error)
        self._fail_waiting(error)
        if (lost := self._connection) is not None:
            calls, lost.to_repeat = lost.to_repeat, []
            for call in calls:
                call.error = lost_in_call(call, error) if isinstance(error, LocalSocketError) else error
                call.is_over = True
                call.waiter.wake()

    def _fail_waiting(self, error: Exception) -> None:
        waiting, self._waiting = self._waiting, deque()
        for call in waiting:
            call.fail(error)


def milliseconds(seconds: float) -> int:
    """Return how long a timer takes, which is never early and takes no more than 31 bits."""
    return min(math.ceil(seconds * 1000), 2**31 - 1)
