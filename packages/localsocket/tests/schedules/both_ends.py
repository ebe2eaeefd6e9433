"""One end of a connection on which both ends serve, without descriptors, and a peer that answers and calls at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from localsocket import Client, Service
from localsocket.blocking import calling_back, client, serving_connection, shared_socket
from localsocket.blocking.calling_back import calls_of_peer
from localsocket.blocking.served import Served
from localsocket.blocking.serving_connection import SessionConnection
from localsocket.services import calling_side, outbox
from localsocket.services.client_core import ClientCore
from localsocket.services.served_call import ServedCall
from localsocket.services.session import Session
from localsocket.wire.answerer import AnsweredCall, Answerer
from localsocket.wire.caller import Caller, OpenCall
from localsocket.wire.frames import Body, Kind
from localsocket.wire.greeting import BOTH_WAYS, Greeting
from localsocket.wire.shared_bodies import SharedBodies
from schedules.kernel import PEER
from schedules.scheduler import Schedule
from schedules.stand_ins import Thread, stand_in


class Peer:
    """The other end, which has no threads: what `answers` says for a method is done as soon as that is called.

    `said` is what it has said and the end under test has not taken in.
    """

    def __init__(self, answers: dict[str, Callable[[Peer, AnsweredCall], object]]) -> None:
        mine = Greeting(role="client", max_message=2**20, max_calls=8, capabilities=[BOTH_WAYS])
        self.said = bytearray(mine.encode())
        self.caller = Caller(mine)
        self._answerer = Answerer(mine)
        self._answerer.calling = self
        self._answers = answers
        self.notified: list[str] = []
        self._owed: dict[int, AnsweredCall] = {}

    @property
    def open_calls(self) -> int:
        """How many calls of either end are under way, as far as this end knows."""
        return self._answerer.open_calls + self.caller.open_calls

    def call(self, method: str, number: int, *, within: AnsweredCall | None = None) -> OpenCall:
        carrier = {"localsocket.within": str(within.number)} if within else None
        call = self.caller.begin(method, None, (number,), carrier=carrier)
        self.said += call.frame
        return call

    def call_back(self, answer: AnsweredCall) -> None:
        """Call the end that calls, and answer it once that has answered."""
        self._owed[self.call("answer", 1, within=answer).number] = answer

    def cancel(self, call: OpenCall) -> None:
        self.said += self.caller.cancel(call)

    def reply(self, answer: AnsweredCall) -> None:
        """Answer a call with 7, unless it is over."""
        self.said += self._answerer.reply(answer, b"\7")

    def listen(self, data: bytes) -> None:
        """Take in what the end under test has sent, and do at once what is to be done about it."""
        for kind, answer in self._answerer.feed(data):
            if kind == Kind.CALL:
                self._answers[answer.body.method](self, answer)
            elif kind == Kind.NOTIFICATION:
                self.notified.append(answer.body.method)

    # --- for the half that answers ------------------------------------------------------------------------------------

    def has_greeted(self, peer: Greeting, bodies: SharedBodies | None) -> None:
        self.caller.has_greeted(peer)

    def take_answer(self, kind: int, number: int, body: Body) -> None:
        self.caller.take([(kind, number, body)])
        if (owed := self._owed.pop(number, None)) is not None:
            self.reply(owed)


class End:
    """The end under test: a session of `service`, what calls the peer on it, and the loop, which is an actor.

    It is the link of its session, and the socket below that. Methods in `slow` are served by an actor each. Unless it
    `is_greeted`, what the peer says first is still to be taken in.
    """

    address = "both"
    bytes_to_write = 0

    def __init__(
        self, schedule: Schedule, service: Service, peer: Peer, slow: Iterable[str], *, is_greeted: bool = True
    ) -> None:
        stand_in(schedule, outbox, shared_socket, client, serving_connection, calling_side, calling_back)
        self.peer = peer
        self.is_cut = False
        self._schedule = schedule
        self._slow = frozenset(slow)
        served = self._served = Served()
        served.socket = self  # type: ignore[assignment]
        self.session = served.session = Session(service, PEER, self, lambda session: None)
        self.session.calls_back = self.ways_back
        if is_greeted:
            self.take_in()
        schedule.at_end(self.session.lost)

    @property
    def client(self) -> Client | None:
        """What calls the peer, once somebody has asked for it."""
        return self._served.caller  # type: ignore[no-any-return]

    @property
    def connection(self) -> SessionConnection:
        found = self._served.caller._connection
        assert isinstance(found, SessionConnection)
        return found

    def begin_calling(self) -> Client:
        """Have the client made before anything is called, as the end does that has connected."""
        loop: Any = self
        service = self.session.service
        core = ClientCore(0, limits=service.limits, serves=service)
        connection = SessionConnection(core, loop, self._served, service._greeting)
        made = self._served.caller = calling_back._CallerAsService(core, connection)
        return made

    def ways_back(self, call: ServedCall) -> Any:
        """Return the ways to call who has made a call."""
        loop: Any = self
        return calls_of_peer(loop, self._served, call)

    def calls_of(self, method: str, count: int) -> list[ServedCall]:
        """Have the peer call a method so often, and return the calls, which are not served."""
        for number in range(count):
            self.peer.call(method, number)
        self.session.receive(self._take_said())
        calls = [self.session.take_next() for _ in range(count)]
        return [call for call in calls if call is not None]

    def run(self) -> None:
        """Take in what the peer says until the connection is cut."""
        while not self.is_cut:
            self._schedule.wait("polls", lambda: bool(self.peer.said) or self.is_cut)
            if self.peer.said:
                self.take_in()
        self.session.lost()

    def take_in(self) -> None:
        self.session.receive(self._take_said())
        while (call := self.session.take_next()) is not None:
            self.session.begun(call)
            serve = partial(self.session.serve_aside, call)
            if call.method.name in self._slow:
                self._start(serve, call.method.name)
            else:
                serve()

    # --- what the session, and what calls on its connection, ask of the link, the socket and the loop -----------------

    def write(self, data: bytes) -> None:
        self._schedule.step("writes")
        self.peer.listen(data)

    def abort(self) -> None:
        self.is_cut = True

    finish = abort

    def set_reading(self, is_wanted: bool) -> None:
        """What has arrived is taken in anyhow."""

    def before_waiting(self) -> None:
        """The loop is another actor."""

    def serve_aside(self, call: ServedCall, job: Callable[[], None]) -> None:
        self._start(job, f"{call.method.name} aside")

    # ------------------------------------------------------------------------------------------------------------------

    def _take_said(self) -> bytes:
        data = bytes(self.peer.said)
        self.peer.said.clear()
        return data

    def _start(self, job: Callable[[], object], name: str) -> None:
        Thread(self._schedule, target=job, name=name).start()
