"""A service on one event loop: short calls run where they arrive, a long one keeps its thread and another goes on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from localsocket.blocking.connection_turns import ConnectionTurns
from localsocket.blocking.event_loop import EventLoop
from localsocket.blocking.event_socket import EventSocket
from localsocket.blocking.handler import Handler
from localsocket.blocking.local_server import LocalServer
from localsocket.blocking.local_socket import LocalSocket
from localsocket.blocking.runners import Runners
from localsocket.blocking.served import Served, SocketLink
from localsocket.deadlines import Deadline
from localsocket.errors import LocalSocketError
from localsocket.services.calls_of_peer import CallsOfPeer
from localsocket.services.late_calls import LateCalls
from localsocket.services.mute_peers import MutePeers
from localsocket.services.protocols import ProtocolName
from localsocket.services.served_call import ServedCall
from localsocket.services.service import Service
from localsocket.services.session import Session
from localsocket.services.stream_reply import IteratorSource, PushedSource, StreamReply
from localsocket.services.thread_shares import ThreadShares
from localsocket.services.worker_threads import WorkerThreads

logger = logging.getLogger("localsocket.blocking")

STOP_TIMEOUT = 5.0
_LOOK_AGAIN = 0.005
_MANY = 1_000_000  # threads, of which each has another one waiting for it: those are limited

CallsBack: TypeAlias = Callable[["ServiceLoop", Served, ServedCall], CallsOfPeer]
"""Gives the ways to call the peer of a connection."""


class ServiceLoop:
    """Serves the connections of `server`, in threads of its own: more than one where functions take long.

    At most `max_threads` run functions at the same time; further calls wait. `protocols`: those of the service if None.
    """

    def __init__(
        self,
        server: LocalServer | None,
        service: Service,
        max_threads: int,
        protocols: tuple[ProtocolName, ...] | None = None,
        *,
        calls_back: CallsBack | None = None,
    ) -> None:
        self._service = service
        self._calls_back = calls_back
        self._aside = WorkerThreads(f"localsocket {service.name}", _MANY)
        self._ends_with_connection = server is None
        self._protocols = protocols
        self._loop = EventLoop()
        self._shares = ThreadShares(max_threads - 1)  # one is for the loop
        self._runners = Runners(service.name, self._loop, self._shares, self._taken_over, self._freed)
        self._turns = ConnectionTurns(self._loop, self._shares, self._runners, self._serve)
        self.before_waiting = self._runners.before_waiting
        self.wake = self._turns.wake
        self._late = LateCalls(self.call_later)
        self._mute = MutePeers(service.limits.greeting, self.call_later)
        self.methods_cut: list[str] = []  # of the calls that were under way when it was stopped for good
        self._handler = _ServiceHandler(self)
        try:
            if server is not None:
                self._loop.serve(server, self._handler)
        except BaseException:
            self._loop.close()
            raise

    # --- what a ServerThread calls ------------------------------------------------------------------------------------

    def run(self) -> None:
        try:
            self._runners.run()
        finally:
            self._runners.become_runner()
            self._loop.close()
            self._aside.close()
        self._runners.join()

    def stop(self, deadline: Deadline) -> None:
        self._runners.is_stopping = True
        self._loop.call_soon(self._end_connections, deadline)

    def is_own_thread(self) -> bool:
        thread = threading.current_thread()
        return thread in self._runners or thread in self._aside

    def drive(self, socket: LocalSocket) -> Served:
        """Serve a connected socket too, which counts as closed from then on; before run()."""
        driven = self._loop.add(socket, self._handler)
        driven.context = served = self._served(driven)
        return served

    def call_soon(self, callback: Callable[..., object], *arguments: object) -> None:
        self._loop.call_soon(callback, *arguments)

    def call_later(self, seconds: float, callback: Callable[..., object], *arguments: object) -> None:
        self._loop.call_later(seconds, callback, *arguments)

    def serve_aside(self, call: ServedCall, job: Callable[[], None]) -> None:
        """Serve a call in a thread beyond those that are shared; `job` does that."""
        self._late.add(call)
        try:
            self._aside.submit(job)
        except RuntimeError as error:
            call.session.fail(call, error)
            call.session.finished(call)

    @property
    def failure(self) -> LocalSocketError | None:
        """What the last connection ended with that has failed."""
        return self._handler.failure

    def cut(self) -> None:
        if not self.methods_cut:
            self.methods_cut = [name for session in self._sessions() for name in session.methods_under_way()]
        self._loop._cut()

    def close(self) -> None:
        self._loop.close()

    # --- what befalls a connection ------------------------------------------------------------------------------------

    def begin(self, socket: EventSocket) -> None:
        """Serve the connection of a socket, unless drive() has prepared that."""
        if socket.context is None:
            socket.context = self._served(socket)
            self._mute.add(socket.context.session)

    def take_in(self, served: Served, data: bytes) -> None:
        """Serve the calls that have arrived: some now, the rest when others had their turn."""
        if (place := served.link.peers_place) is not None:
            self._loop._look_out_for(place)
        if served.session.receive(data):
            self._mute.add(served.session)
        self._turns.take_in(served)

    def end(self, served: Served) -> None:
        """The connection is over. Notifications that have arrived are served all the same."""
        self._mute.discard(served.session)
        served.link.leave_place()
        served.session.lost()
        self._turns.forget(served)
        if self._ends_with_connection:
            self.stop(Deadline(STOP_TIMEOUT))

    def soon(self, served: Served, job: Callable[[], ServedCall | None]) -> None:
        """Have `job` done in the loop, for one connection; any thread may call."""
        served.jobs.append(job)
        self.wake(served)

    def _served(self, socket: EventSocket) -> Served:
        served = Served()
        served.socket = socket
        link = served.link = SocketLink(socket)
        session = served.session = Session(
            self._service, socket.peer, link, lambda _session: self.wake(served), self._protocols
        )
        if self._calls_back is not None:
            session.calls_back = partial(self._calls_back, self, served)
        return served

    # --- serving a call -----------------------------------------------------------------------------------------------

    def _serve(self, served: Served, call: ServedCall) -> ServedCall | None:
        """Return the call when nothing of it is left."""
        session = call.session
        if not session.outbox.has_room:
            session.begun(call)
            self._late.add(call)
            session.when_room(partial(self.soon, served, partial(self._serve_after_all, served, call)))
            return None
        try:
            result = call.run()
            source = self._source(call, result) if call.method.is_stream else None
        except Exception as error:
            session.fail(call, error)
            return call
        if source is None:
            session.reply(call, result)
            return call
        session.begun(call)
        self._late.add(call)
        in_loop = not isinstance(source, PushedSource)
        StreamReply(call, source, partial(self._pump_soon, served) if in_loop else _at_once).begin()
        return None

    def _serve_after_all(self, served: Served, call: ServedCall) -> ServedCall | None:
        """Serve a call that waited for room, unless it was cancelled meanwhile."""
        ended: ServedCall | None = call
        if call.is_notification or not call.answer.is_over:
            ended = self._serve(served, call)
        if ended is not None:
            call.session.finished(call)
        return ended

    def _pump_soon(self, served: Served, pump: Callable[[], object]) -> None:
        self.soon(served, partial(_done, pump))

    def _source(self, call: ServedCall, result: object) -> PushedSource | IteratorSource:
        if isinstance(result, PushedSource):
            return result
        return IteratorSource(call, result)

    # --- where a function holds up its thread -------------------------------------------------------------------------

    def _taken_over(self, served: Served, call: ServedCall | None) -> None:
        if call is not None:
            self._late.add(call)
        self._turns.go_on_elsewhere(served)

    def _freed(self, served: Served) -> None:
        self._turns.unpark_soon()
        if served.session.is_over:
            self.wake(served)  # which may have nothing more to do

    # --- ending -------------------------------------------------------------------------------------------------------

    def _end_connections(self, deadline: Deadline) -> None:
        """Let the calls finish that are under way, then the connections send what they have."""
        turns = self._turns
        turns.left = {served for served in turns.left if served.session.has_notifications}
        is_busy = self._runners.held_up or turns.are_wanted or self._aside.busy
        if (is_busy or any(session.is_busy for session in self._sessions())) and not deadline.has_passed():
            self._loop.call_later(_LOOK_AGAIN, self._end_connections, deadline)
            return
        self.methods_cut += [name for session in self._sessions() for name in session.lost()]
        for socket in self._loop.sockets:
            socket.close(timeout=deadline.remaining())
        self._stop_when_empty(deadline)

    def _sessions(self) -> list[Session]:
        """Return those of the connections that have begun; the others are accepted, and begin in their turn."""
        return [socket.context.session for socket in self._loop.sockets if socket.context is not None]

    def _stop_when_empty(self, deadline: Deadline) -> None:
        if not deadline.has_passed() and self._loop.sockets:
            self._loop.call_later(_LOOK_AGAIN, self._stop_when_empty, deadline)
            return
        if busy := len(self._runners.held_up) + self._aside.busy:
            logger.warning("service %r stops while %d functions are still running", self._service.name, busy)
        if waiting := sum(len(served.session.waiting) for served in self._turns.left):
            logger.warning("service %r ends before it has begun %d notifications", self._service.name, waiting)
        self._loop.stop()


class _ServiceHandler(Handler):
    """What the loop calls: a session for each socket, as its context."""

    _reads_to_end = True

    def __init__(self, loop: ServiceLoop) -> None:
        self._loop = loop
        self.failure: LocalSocketError | None = None  # of the last connection that has failed

    def connected(self, socket: EventSocket) -> None:
        self._loop.begin(socket)

    def ready_read(self, socket: EventSocket) -> None:
        self._loop.take_in(socket.context, socket.read_available())

    def drained(self, socket: EventSocket) -> None:
        socket.context.session.sent()

    def _hung_up(self, socket: EventSocket) -> None:
        served: Served = socket.context
        served.session.desert()
        self._loop.wake(served)

    def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
        self.failure = error

    def disconnected(self, socket: EventSocket) -> None:
        self._loop.end(socket.context)


def _done(job: Callable[[], object]) -> None:
    job()


def _at_once(job: Callable[[], object]) -> None:
    job()
