"""One end of a connection on which both ends serve, on an asyncio loop whose callbacks are steps; no descriptors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from localsocket import Service
from localsocket.aio.calling_back import _CallerAsService, calls_of_peer
from localsocket.aio.client import Client
from localsocket.aio.service_loop import ServedConnection, ServiceLoop
from localsocket.aio.serving_connection import SessionConnection
from localsocket.errors import ClosedByPeer, LocalSocketError
from localsocket.interfaces import WaitingPlace
from localsocket.services.peers_as_services import core_of_peer
from localsocket.wire.caller import OpenCall
from schedules.both_ends import Peer
from schedules.kernel import PEER
from schedules.scheduler import Schedule


class SteppedLoop(asyncio.BaseEventLoop):
    """An asyncio loop that an actor runs, and that steps before each callback. Time stands still in it."""

    _ready: Any
    _stopping: bool

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self._schedule = schedule

    def _run_once(self) -> None:
        self._schedule.wait("polls", lambda: bool(self._ready) or self._stopping)
        if self._ready and not (handle := self._ready.popleft()).cancelled():
            handle._run()

    def _write_to_self(self) -> None:
        """Whoever steps finds what other threads have added."""


class AwaitedEnd:
    """The end under test: a session of `service`, what calls the peer on it, and the loop; it is the socket below, too.

    What the peer says arrives when the kernel steps, which is an actor like the loop. What comes of tasks is in
    `outcomes`. When all of them have ended, and the peer has its answers, and no method runs any more, it is cut off.
    """

    address = "both"
    peer = PEER
    bytes_to_send = 0

    def __init__(self, schedule: Schedule, service: Service, other: Peer) -> None:
        self.other = other
        self.loop = SteppedLoop(schedule)
        self.outcomes: dict[str, object] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.client: Client
        self.served: ServedConnection
        self.thread = 0
        self._greeting = bytes(other.said)
        other.said.clear()
        self._service = service
        self._schedule = schedule
        self._works: dict[str, Callable[[Client], Awaitable[object]]] = {}
        self._awaited: list[OpenCall] = []
        self._news = asyncio.Event()
        self._faults: list[object] = []
        self.loop.set_exception_handler(lambda _, context: self._faults.append(context))
        self._is_lost = False
        self._has_begun = False
        self._has_ended = False
        schedule.actor("loop", lambda: self.loop.run_until_complete(self._main()))
        schedule.actor("kernel", self._deliver)
        schedule.at_end(self.loop.close)

    # --- for a scenario -----------------------------------------------------------------------------------------------

    def task(self, name: str, work: Callable[[Client], Awaitable[object]]) -> None:
        """Have `work` done in a task with what calls the peer, and what it gives or raises noted."""
        self._works[name] = work

    def peer_calls(self, method: str, number: int) -> OpenCall:
        """Have the peer call, and the connection last until it has its answer."""
        call = self.other.call(method, number)
        self._awaited.append(call)
        return call

    def actor(self, name: str, job: Callable[[], object]) -> None:
        """Have the loop do `job` at any moment once the end has begun."""

        def act() -> None:
            self._schedule.wait("waits for the end to begin", lambda: bool(self.tasks))
            self.loop.call_soon_threadsafe(job)

        self._schedule.actor(name, act)

    def lose(self) -> None:
        """The connection is lost; in the loop."""
        self._is_lost = True
        self._news.set()
        self._on_end(ClosedByPeer("it was in use"))

    def nothing_is_left(self) -> None:
        session, connection = self.served.session, self.client._connection
        assert isinstance(connection, SessionConnection)
        assert (session.active_calls, session.calls_begun, connection.caller.open_calls) == (0, 0, 0)
        assert (self.served.tasks, connection.calling._nested, asyncio.all_tasks(self.loop)) == ({}, set(), set())
        assert self._faults == []
        assert (self._open_at_cut, self.client.stats().active_calls) == (0, 0)

    # ------------------------------------------------------------------------------------------------------------------

    async def _main(self) -> None:
        serving = ServiceLoop(self._service, self.loop, calls_back=calls_of_peer)
        socket: Any = self
        served = self.served = serving.connection(socket)
        ending = asyncio.create_task(serving.serve(served))
        await asyncio.sleep(0)  # until it receives
        core = core_of_peer(served.session)
        self.client = served.caller = _CallerAsService(core, SessionConnection(core, served, self._service._greeting))
        for name, work in self._works.items():
            self.tasks[name] = asyncio.create_task(self._note(name, work(self.client)))
        self.tasks["peer"] = asyncio.create_task(self._peer_has_its_answers())
        await asyncio.wait(self.tasks.values())
        if served.tasks:
            await asyncio.wait(served.tasks)
        self._open_at_cut = self.client.stats().active_calls
        self.lose()
        await ending
        serving.close()
        self._has_ended = True

    async def _note(self, name: str, work: Awaitable[object]) -> None:
        try:
            self.outcomes[name] = await work
        except (LocalSocketError, asyncio.CancelledError) as error:
            self.outcomes[name] = type(error)

    async def _peer_has_its_answers(self) -> None:
        while not (self._is_lost or all(call.is_over for call in self._awaited)):
            self._news.clear()
            await self._news.wait()

    def _deliver(self) -> None:
        while True:
            self._schedule.wait("delivers", lambda: (self._has_begun and bool(self.other.said)) or self._has_ended)
            if self._has_ended:
                return
            data = bytes(self.other.said)
            self.other.said.clear()
            self.loop.call_soon_threadsafe(self._arrive, data)

    def _arrive(self, data: bytes) -> None:
        if not self._is_lost:
            self._on_bytes(data)
        self._news.set()

    # --- what the connection asks of its socket -----------------------------------------------------------------------

    def begin(
        self, on_bytes: Callable[[bytes], object], on_end: Callable[[LocalSocketError], object], *_: object
    ) -> None:
        self.thread, self._has_begun = threading.get_ident(), True
        self._on_bytes, self._on_end = on_bytes, on_end
        on_bytes(self._greeting)

    def send(self, data: bytes) -> None:
        self.other.listen(data)
        self._news.set()

    send_now = send

    def set_reading(self, is_wanted: bool) -> None:
        """What has arrived is taken in anyhow."""

    def waiting_place(self) -> None:
        """Nobody waits here for another process."""

    def look_out_for(self, place: WaitingPlace | None) -> None: ...

    def abort(self) -> None:
        self.lose()

    async def close(self) -> None:
        """There is nothing to close."""
