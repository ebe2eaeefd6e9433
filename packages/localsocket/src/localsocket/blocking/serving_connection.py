"""One connection of a client that serves as well: a loop of threads receives, and whoever waits is told."""

from __future__ import annotations

import threading

from localsocket.blocking.client_connection import ClientConnection
from localsocket.blocking.event_socket import EventSocket
from localsocket.blocking.local_socket import LocalSocket
from localsocket.blocking.served import Served
from localsocket.blocking.service_loop import STOP_TIMEOUT, CallsBack, ServiceLoop
from localsocket.blocking.shared_socket import Turn
from localsocket.deadlines import UNWINDING, Deadline
from localsocket.endpoint.fork_safety import close_in_forked_child
from localsocket.errors import ClosedByPeer, ClosedByUs, DeadlinePassed, TooManyCalls, UnsuitableHandler
from localsocket.interrupts import join
from localsocket.services.any_client_connection import AnyClientConnection
from localsocket.services.calling_side import CallingSide, NestedCaller
from localsocket.services.client_core import ClientCore
from localsocket.services.service import Service
from localsocket.services.session import Session
from localsocket.wire.greeting import Greeting

MAX_THREADS = 256
"""Threads that run functions of a client's service at once: as many as of a server's."""


class SessionSocket:
    """What threads need that wait for calls made on the connection of a session: the loop receives for them."""

    def __init__(self, loop: ServiceLoop, session: Session, socket: EventSocket) -> None:
        self.lock = session.outbox.lock
        self.address = socket.address
        self._loop = loop
        self._session = session
        self._socket = socket

    def wait(self, turn: Turn, deadline: Deadline) -> bool:
        """Wait until the turn is done; False when the time is over before."""
        with self.lock:
            if turn.is_done:
                return True
            turn.prepare_to_sleep()
        self._loop.before_waiting()
        while not turn.is_done and not deadline.has_passed():
            turn.sleep(deadline.remaining())
        return turn.is_done

    def write_nowait(self, data: bytes) -> None:
        with self.lock:
            self._session.outbox.put(data)

    def write_soon(self, data: bytes) -> None:
        """Send from the loop: for the garbage collector, which runs in the midst of anything."""
        self._loop.call_soon(self.write_nowait, data)

    def wake_receiver(self) -> None:
        """The loop looks by itself."""

    def abort(self) -> None:
        self._socket.abort()


class SessionConnection(ClientConnection):
    """Calls made on the connection of a session, by either end; any thread may call and wait."""

    socket: SessionSocket  # type: ignore[assignment] # what is used of it is the same

    def __init__(self, core: ClientCore, loop: ServiceLoop, served: Served, mine: Greeting) -> None:
        session = self.session = served.session
        AnyClientConnection.__init__(self, core, NestedCaller(mine, session, core.known))
        self.socket = SessionSocket(loop, session, served.socket)
        self._begin_waiting()
        self.calling = CallingSide(session, self, loop.serve_aside)
        with self.socket.lock:
            session.begin_calling(self.calling)
            if session.is_over:
                self._end(ClosedByPeer("it was in use"))
        close_in_forked_child(self)

    def send(self, data: bytes, deadline: Deadline, doing: str) -> None:
        """Send, or queue; waits when much is queued already."""
        session = self.session
        while session.bytes_to_write > self.core.limits.unsent and not session.is_over:
            turn = Turn()
            session.when_room(turn.finish)
            if not self.socket.wait(turn, deadline):
                raise deadline.error(doing)
        with self.socket.lock:
            if self.error is not None:
                raise self.error
            self.core.tally.bytes_sent += len(data)
            self.socket.write_nowait(data)
            self.calling.follow_calls()

    def send_from_collector(self, data: bytes) -> None:
        self.socket.write_soon(data)

    def wait_served(self, deadline: Deadline, doing: str) -> None:
        """Wait until the peer has greeted, as it may do when it likes; raise Unsupported if it serves nothing."""
        if self.caller.peer is None:
            super().wait_room(deadline, doing)  # which its greeting ends, however much room that gives
        self.calling.check_peer_serves()

    def wait_room(self, deadline: Deadline, doing: str) -> None:
        """Wait until one more call may be made; within another one raise TooManyCalls, since that may wait for this."""
        self.wait_served(deadline, doing)
        peer = self.caller.peer
        caller = self.caller
        if peer is not None and isinstance(caller, NestedCaller) and caller.served_here() is not None:
            if not caller.has_room and self.error is None:
                raise TooManyCalls(peer.max_calls)
            return
        super().wait_room(deadline, doing)

    def cut_off(self) -> None:
        super().cut_off()
        self.abort()

    def _has_news(self) -> None:
        if not self._greeted.is_done:
            while self._waiting_for_room:
                self._waiting_for_room.popleft().finish()
        super()._has_news()

    def _has_ended(self) -> None:
        self._wake_all()

    def _close_in_child(self) -> None:
        self.socket.lock = threading.RLock()  # the other may be held by a thread that does not exist here
        self.error = self.error or ClosedByUs("the client's connection")


class ServingConnection(SessionConnection):
    """The connection of a client that serves its service to the other end, in threads of its own."""

    def __init__(self, core: ClientCore, socket: LocalSocket, service: Service, calls_back: CallsBack) -> None:
        if service._needs_asyncio:
            socket.abort()
            raise UnsuitableHandler(
                f"the service {service.name!r} has coroutine functions and needs an asyncio loop: pass it to aio.Client"
            )
        self._loop = ServiceLoop(None, service, MAX_THREADS, ("localsocket",), calls_back=calls_back)
        self._thread: threading.Thread | None = None
        self._taken = threading.Lock()  # by who runs the loop, or else closes it
        try:
            super().__init__(core, self._loop, self._loop.drive(socket), core.greeting(service))
        except BaseException:
            self._loop.close()
            socket.abort()
            raise

    def greet(self, deadline: Deadline) -> None:
        """Begin to serve. Where this side speaks first, do so, and wait until the peer has said who it is."""
        name = f"localsocket client of {self.socket.address}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        if not self.core.speaks_first:  # the other end does, when it likes: calls wait for that
            self._note_greeted()
            return
        self._loop.call_soon(self.session.speak_first, self.caller.mine)
        if not self.socket.wait(self._greeted, deadline):
            raise deadline.error(f"waiting for the greeting of {self.socket.address!r}")
        self._note_greeted()

    def cut_off(self) -> None:
        super().cut_off()
        self._stop()

    def abort(self) -> None:
        self.socket.abort()
        self._stop()

    def close(self, deadline: Deadline) -> None:
        """Tell who waits, let functions that serve calls return, send what is unsent, and close."""
        with self.socket.lock:
            was_over = self.error is not None
            self._end(ClosedByUs("the client"))
        self._loop.stop(deadline if not was_over else Deadline(STOP_TIMEOUT))
        if self._thread is None or self._loop.is_own_thread():
            return
        remaining = deadline.remaining()
        join(self._thread, None if remaining is None else remaining + 2 * UNWINDING)
        if self._thread.is_alive():
            self._loop.cut()
        loss = self._loop.failure
        if not was_over and isinstance(loss, DeadlinePassed | ClosedByPeer):
            raise loss

    def _run(self) -> None:
        if self._taken.acquire(blocking=False):
            self._loop.run()

    def _stop(self) -> None:
        """Have the loop end; where an interrupt has kept its thread from being started, nobody else does."""
        if self._taken.acquire(blocking=False):
            self._loop.close()
            self.session.lost()
        else:
            self._loop.stop(Deadline(0))
