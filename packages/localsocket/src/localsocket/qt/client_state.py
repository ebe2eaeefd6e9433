"""What a client is in a Qt program: who waits to call, the connection, and how one comes after another."""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from localsocket.deadlines import NEVER, Deadline
from localsocket.errors import ClosedByPeer, ClosedByUs, LocalSocketError
from localsocket.qt.binding import QObject, QTimer, keep_constants
from localsocket.qt.client_connection import ClientConnection
from localsocket.qt.shared_socket import SharedSocket
from localsocket.services.any_client import AnyClient
from localsocket.services.client_core import ClientOptions, lost_in_call
from localsocket.sockets.connector import Connector
from localsocket.sockets.given_socket import Reached


class WaitsToCall(Protocol):
    """A call that is to be sent."""

    def send(self, connection: ClientConnection) -> None: ...

    def fail(self, error: Exception) -> None: ...

    def forget(self) -> None:
        """Nothing more is told."""


class ClientState(AnyClient[ClientConnection]):
    """Connects, sends what waits, and tells what has come; everything in the thread of `owner`, Qt's object.

    What is told is told later, from the event loop, one after the other: so nobody is called back by a call of theirs,
    and what a slot does, such as closing or destroying the client, meets nothing half done.
    """

    def __init__(
        self,
        owner: QObject,
        address: Reached,
        options: ClientOptions,
        on_connected: Callable[[], object],
        on_disconnected: Callable[[Exception], object],
    ) -> None:
        super().__init__(address, options)
        self.owner = owner
        self._on_connected = on_connected
        self._on_disconnected = on_disconnected
        self._is_gone = False  # Qt has destroyed the owner
        self._waiting: deque[WaitsToCall] = deque()
        self._news: deque[Callable[[], object]] = deque()
        self._connecting: Connector[Any] | None = None
        self._connecting_until = NEVER
        self._soon = self._timer(self._work)
        self._again = self._timer(self._attempt)
        self._greeting_late = self._timer(self._give_up_greeting)
        self._closing_late = self._timer(self._give_up_closing)

    # --- for the client and its calls ---------------------------------------------------------------------------------

    def open(self) -> None:
        self.tell(self._open)

    def begin(self, call: WaitsToCall) -> None:
        """Send it as soon as it can be."""
        self._waiting.append(call)
        self.look_soon()

    @property
    def is_connecting(self) -> bool:
        return self._connecting is not None

    def withdraw(self, call: WaitsToCall) -> bool:
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
        if not (self._is_gone or self._soon.isActive()):
            self._soon.start(0)

    def close(self, timeout: float | None) -> None:
        """End everything; what is unsent is sent until `timeout`, while the loop runs."""
        if self._is_closed:
            return
        deadline = Deadline(timeout)
        self._is_closed = True
        self._end_connecting(ClosedByUs("the client"))
        if self._connection is not None and self._connection.close() and (left := deadline.remaining()) is not None:
            self._closing_late.start(milliseconds(left))
        self.look_soon()

    def owner_destroyed(self) -> None:
        """Qt has destroyed the owner, with all timers: end at once."""
        self._is_gone = self._is_closed = True
        connections = [each for each in (self._connection, self._greeting) if each is not None]
        self._greeting = None
        for call in [*self._waiting, *(call.waiter for each in connections for call in each.caller.calls)]:
            call.forget()
        for connection in connections:
            connection.cut_off()
        if self._connecting is not None:
            self._connecting.close()
            self._connecting = None
        self._waiting.clear()
        self._news.clear()
        # Here, and not when the garbage collector comes to them, which may be in another thread.
        for timer in (self._soon, self._again, self._greeting_late, self._closing_late):
            with contextlib.suppress(RuntimeError):  # Qt has destroyed it already
                timer.stop()

    # --- what a connection tells --------------------------------------------------------------------------------------

    def has_greeted(self, connection: ClientConnection) -> None:
        before, self._connection, self._greeting = self._connection, connection, None
        self._end_attempts()
        connection.note_greeted()
        if before is not None:
            connection.repeat(before)
        self.tell(self._on_connected)

    def has_ended(self, connection: ClientConnection) -> None:
        error = connection.error
        assert error is not None
        if connection is self._greeting:
            self._greeting = None
            self._greeting_has_failed(error)
        elif connection is self._connection and not self._is_gone:
            self.tell(lambda: self._on_disconnected(error))
            if connection.to_repeat and not self._is_closed:
                self.tell(self._open)

    # ------------------------------------------------------------------------------------------------------------------

    def _renew_lock(self) -> None:
        """There is none: a client belongs to one thread."""

    def _timer(self, function: Callable[[], object]) -> QTimer:
        timer = QTimer(self.owner)
        timer.setSingleShot(True)
        # A function that Qt keeps: of a method it keeps a weak reference, which may be taken for another object's.
        timer.timeout.connect(lambda: function())
        return timer

    def _work(self) -> None:
        keep_constants()
        while self._news:
            self._news.popleft()()
        if not self._is_gone:
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
            self.tell(lambda: self._on_disconnected(error))
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
