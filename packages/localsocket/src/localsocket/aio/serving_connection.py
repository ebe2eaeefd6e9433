"""One connection of a client that serves as well: the loop receives, and runs what serves calls."""

from __future__ import annotations

import asyncio
from functools import partial

from localsocket.aio.client_connection import ClientConnection, wait_for
from localsocket.aio.service_loop import CallsBack, ServedConnection, ServiceLoop
from localsocket.aio.shared_socket import SharedSocket
from localsocket.deadlines import UNWINDING, Deadline
from localsocket.errors import ClosedByPeer, ClosedByUs, DeadlinePassed, LocalSocketError, TooManyCalls
from localsocket.services.any_client_connection import AnyClientConnection
from localsocket.services.calling_side import CallingSide, NestedCaller
from localsocket.services.client_core import ClientCore
from localsocket.services.service import Service
from localsocket.sockets.caller_driven import CLOSE_TIMEOUT
from localsocket.wire.greeting import Greeting


class SessionConnection(ClientConnection):
    """Calls made on the connection of a session, by either end; for the tasks of one loop."""

    def __init__(self, core: ClientCore, served: ServedConnection, mine: Greeting) -> None:
        session = self.session = served.session
        AnyClientConnection.__init__(self, core, NestedCaller(mine, session, core.known))
        self._served = served
        self._begin_waiting(served.socket, served.loop)
        self.calling = CallingSide(session, self, served.serve_aside)
        with session.outbox.lock:
            session.begin_calling(self.calling)
            if session.is_over:
                self._end(ClosedByPeer("it was in use"))

    def send(self, data: bytes) -> None:
        if self.error is not None:
            return
        self.core.tally.bytes_sent += len(data)
        with self.session.outbox.lock:
            self.session.outbox.put(data)
            self.calling.follow_calls()

    async def wait_sent(self, deadline: Deadline, doing: str) -> None:
        while self.is_clogged and self.error is None:
            self.session.when_room(partial(self._served.in_loop, self._sending.wake_all))
            if self.is_clogged:
                await wait_for(self._sending, deadline, doing)

    async def wait_served(self, deadline: Deadline, doing: str) -> None:
        """Wait until the peer has greeted, as it may do when it likes; raise Unsupported if it serves nothing."""
        await self._wait_greeted(deadline, doing)
        self.calling.check_peer_serves()

    async def wait_room(self, deadline: Deadline, doing: str) -> None:
        """Wait until one more call may be made; within another one raise TooManyCalls, since that may wait for this."""
        await self.wait_served(deadline, doing)
        peer = self.caller.peer
        caller = self.caller
        if peer is not None and isinstance(caller, NestedCaller) and caller.served_here() is not None:
            if not caller.has_room and self.error is None:
                raise TooManyCalls(peer.max_calls)
            return
        await super().wait_room(deadline, doing)

    def _has_ended(self) -> None:
        self._wake_all()


class ServingConnection(SessionConnection):
    """The connection of a client that serves its service to the other end, in its loop."""

    def __init__(self, core: ClientCore, socket: SharedSocket, service: Service, calls_back: CallsBack) -> None:
        loop = asyncio.get_running_loop()
        self._serving = ServiceLoop(service, loop, ("localsocket",), calls_back=calls_back)
        super().__init__(core, self._serving.connection(socket), core.greeting(service))
        self._closing: Deadline | None = None
        self._loss: LocalSocketError | None = None
        self._task = loop.create_task(self._serve(), name=f"localsocket client of {socket.address}")

    async def greet(self, deadline: Deadline) -> None:
        """Begin to serve. Where this side speaks first, do so, and wait until the peer has said who it is."""
        if self.core.speaks_first:
            await super().greet(deadline)
        else:  # the other end does, when it likes: calls wait for that
            self._note_greeted()

    def _speak_first(self) -> None:
        self._served.begin()
        self._socket.when_attached(self._speak)  # the peer may send descriptors from then on

    def _speak(self) -> None:
        if self.error is None:
            self.session.speak_first(self.caller.mine)

    def cut_off(self) -> None:
        super().cut_off()
        self._task.cancel()

    def abort(self) -> None:
        super().abort()
        if not self.loop.is_closed():
            self._task.cancel()

    async def close(self, deadline: Deadline) -> None:
        """Tell who waits, let what serves calls return, send what is unsent, and close."""
        was_over = self.error is not None
        self._end(ClosedByUs("the client"))
        self._closing = deadline
        self._serving.stop_when_idle()
        if self._serving.has_task(asyncio.current_task()):
            return
        try:
            await asyncio.wait([self._task], timeout=deadline.remaining())
        finally:
            self._task.cancel()
        await asyncio.wait([self._task], timeout=UNWINDING)
        if not was_over and self._loss is not None:
            raise self._loss

    async def _serve(self) -> None:
        socket = self._socket
        try:
            await self._serving.serve(self._served)
            socket.send_gathered()
            await socket.close(timeout=CLOSE_TIMEOUT if self._closing is None else self._closing.remaining())
        except (ClosedByPeer, DeadlinePassed) as error:
            self._loss = error
        finally:
            self._serving.close()
            socket.abort()
