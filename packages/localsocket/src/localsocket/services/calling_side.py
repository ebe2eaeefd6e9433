"""The side of a session that makes calls: on a connection where both ends serve, each is the other's client."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from localsocket.errors import CallsTooDeep, LocalSocketError, PeerBrokeProtocol, Unsupported
from localsocket.services.descriptors_of_calls import read_result
from localsocket.services.method import Method
from localsocket.services.outbox import Outbox
from localsocket.services.served_call import ServedCall
from localsocket.services.service import Service
from localsocket.values.known_types import KnownTypes
from localsocket.wire.answerer import AnsweredCall
from localsocket.wire.caller import Caller, OpenCall
from localsocket.wire.frames import HEADER_SIZE, Body
from localsocket.wire.greeting import Greeting
from localsocket.wire.shared_bodies import SharedBodies
from localsocket.wire.stream_terms import StreamTerms

if TYPE_CHECKING:
    from localsocket.services.any_client_connection import AnyClientConnection

DEEPEST = 32
"""Calls of both sides that may be within each other. Each takes a thread of a plain service, so an endless recursion
would take all that the system gives. Programs that call each other with sense are a few calls deep."""

_WITHIN = "localsocket.within"

# What waits to be served while answers are awaited, so that more has to be read: so many of the longest messages, with
# so many bytes more for each of them. Beyond that nothing is read, as ever, until some of it has been served.
_LONGEST_WAITING = 4
_OVERHEAD = 512


class CallingSession(Protocol):
    """What a calling side needs of its session."""

    service: Service
    outbox: Outbox
    waiting: deque[AnsweredCall]

    @property
    def has_more(self) -> bool: ...
    def receive(self, data: bytes) -> bool: ...
    def method_of(self, answer: AnsweredCall) -> Method | None: ...
    def admit_aside(self, answer: AnsweredCall) -> ServedCall | None: ...
    def serve_aside(self, call: ServedCall) -> None: ...


class NestedCaller(Caller):
    """Makes calls that know which call of the other side they are made within."""

    def __init__(self, mine: Greeting, session: CallingSession, known: KnownTypes) -> None:
        super().__init__(mine, known)
        self._session = session

    def served_here(self) -> ServedCall | None:
        """Return the call of this connection that is being served in this thread, or task."""
        served = ServedCall._here()
        return served if served is not None and served.session is self._session else None

    def prepare(
        self,
        method: str,
        timeout: float | None,
        arguments: tuple[object, ...],
        named: dict[str, object] | None = None,
        carrier: dict[str, str] | None = None,
        terms: StreamTerms | None = None,
    ) -> OpenCall:
        """Raises CallsTooDeep too, where the call would be within too many others."""
        if (served := self.served_here()) is None:
            return super().prepare(method, timeout, arguments, named, carrier, terms)
        if served.answer.depth >= DEEPEST:
            raise CallsTooDeep(DEEPEST)
        if served.answer.number:
            carrier = {**(carrier or {}), _WITHIN: str(served.answer.number)}
        call = super().prepare(method, timeout, arguments, named, carrier, terms)
        call.depth = served.answer.depth + 1
        return call


class CallingSide:
    """Makes a session's connection one of a client too, and sees to it that neither side waits for itself.

    Who makes calls may wait for them in a thread that serves one. So as long as calls are open more is read, although
    what has arrived waits to be served, since their answers come behind that. And what the peer calls within one of
    those is served `aside`, in a thread beyond those that others share: the thread that waits for it counts already.
    Methods are called with the lock of the session held, arrive() and read_on() without.
    """

    def __init__(
        self,
        session: CallingSession,
        connection: AnyClientConnection,
        aside: Callable[[ServedCall, Callable[[], None]], None],
    ) -> None:
        self._session = session
        self._connection = connection
        self._caller = connection.caller
        self._aside = aside
        self._is_reading_on = False
        self._nested: set[int] = set()  # numbers of own calls within which one is being served aside

    def check_peer_serves(self) -> None:
        """Raise Unsupported where calls could be made for ever without any being answered."""
        peer = self._caller.peer
        if peer is not None and not peer.answers_calls:
            raise Unsupported("the other end of this connection serves nothing: it must connect with serves=")

    def follow_calls(self) -> None:
        """A call has begun, or ended: read whatever waits to be served while there is one."""
        self._session.outbox.need_reading(is_needed=self._needs_reading())

    # --- for the door -------------------------------------------------------------------------------------------------

    def has_greeted(self, peer: Greeting, bodies: SharedBodies | None) -> None:
        self._caller.has_greeted(peer)
        self._caller.bodies = bodies
        self._connection._has_news()

    def carry_descriptors(self) -> None:
        """Both sides have said that descriptors may travel."""
        self._caller.carries_descriptors = True
        self._connection.core.read = read_result

    def take_answer(self, kind: int, number: int, body: Body) -> None:
        try:
            self._connection._take_frame(kind, number, body, HEADER_SIZE + len(body))
        except PeerBrokeProtocol as error:
            self.lost(error)
            raise
        if not self._caller.open_calls:
            self.follow_calls()

    # --- for the session ----------------------------------------------------------------------------------------------

    def arrive(self, answer: AnsweredCall) -> None:
        """A call has arrived: have it wait for its turn, or served at once where one of this side waits for it."""
        own = self._own_call_around(answer)
        if own is not None:
            answer.depth = own.depth + 1
            method = self._session.method_of(answer)
            is_plain = method is not None and not (method.is_async or method.is_stream or method.is_own)
            if is_plain and own.number not in self._nested:
                self._begin_aside(own.number, answer)
                return
        self._session.waiting.append(answer)

    def read_on(self) -> None:
        """Read on in what has arrived, although calls wait to be served, as far as answers may come behind them."""
        if self._is_reading_on:
            return
        self._is_reading_on = True
        try:
            while self._session.waiting and self._session.has_more and self._needs_reading():
                self._session.receive(b"")
        finally:
            self._is_reading_on = False
        with self._session.outbox.lock:
            self.follow_calls()

    def lost(self, error: LocalSocketError) -> None:
        self._connection._end(error)

    # ------------------------------------------------------------------------------------------------------------------

    def _needs_reading(self) -> bool:
        if not self._caller.open_calls:
            return False
        waiting = sum(answer.size + _OVERHEAD for answer in list(self._session.waiting))
        return waiting < _LONGEST_WAITING * self._session.service.limits.message

    def _own_call_around(self, answer: AnsweredCall) -> OpenCall | None:
        within = answer.body.carrier.pop(_WITHIN, None)
        if within is None or not within.isascii() or not within.isdigit() or len(within) > len(str(2**32)):
            return None
        return self._caller.find(int(within))

    def _begin_aside(self, number: int, answer: AnsweredCall) -> None:
        if (call := self._session.admit_aside(answer)) is not None:
            self._nested.add(number)
            self._aside(call, partial(self._serve_aside, number, call))

    def _serve_aside(self, number: int, call: ServedCall) -> None:
        try:
            self._session.serve_aside(call)
        finally:
            self._nested.discard(number)
