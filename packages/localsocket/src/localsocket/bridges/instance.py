"""One instance of a service on the bus: who calls it, what each is told, what NATS' tools ask. Nothing waits."""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import msgspec

from localsocket.bridges.bus_messages import (
    CONTENT_TYPE,
    HEAD_ROOM,
    INBOX,
    MSGPACK,
    OF,
    STATUS,
    WORD,
    BusAction,
    BusMessage,
    ServiceHello,
    Subjects,
    times_of,
    whole_number,
    word_of,
)
from localsocket.bridges.clocks import now as clock_now
from localsocket.bridges.known_caller import KnownCaller
from localsocket.bridges.micro import MicroService
from localsocket.bridges.other_callers import OtherCallers
from localsocket.bridges.requests import OPEN
from localsocket.bridges.served_callers import BusCallers
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import LocalSocketError, NoSuchTopic, NotAllowed, PeerBrokeProtocol, TooManyCalls
from localsocket.log_thinning import ThinnedLog
from localsocket.services.failures import failure_of_ours
from localsocket.services.method import SUBSCRIBE, SUBSCRIBE_NUMBERED
from localsocket.wire.call_bodies import encode_failure
from localsocket.wire.serializers import UNREADABLE

Identity: TypeAlias = Callable[[BusMessage], PeerCredentials | None]
"""Says for whom a request counts, or None where nobody is to be served."""


def refusing_what_fails(identity: Identity, log: ThinnedLog, service: str) -> Identity:
    """Return an identity that serves nobody where the given one raises, since any member of the bus may cause that."""

    def ask(message: BusMessage) -> PeerCredentials | None:
        try:
            return identity(message)
        except Exception as error:
            log.log(logging.ERROR, 0, "service %r: identity= has failed for a request", service, error=error)
            return None

    return ask


MOST_CALLERS = 10_000
"""Callers of one instance at a time: beyond that somebody makes them up."""

# Of those who have not answered the greeting; each costs a few kB. Who means it answers within a round trip, so that
# whoever is there to stay silent, under however many names, makes room for the next.
_MOST_UNGREETED = 500
_REMEMBERED = 1000  # callers that are gone, whose last calls may still be on their way
_LOOK = 10.0  # seconds between looks whether a caller is still there
_OTHERS_WINDOW = 64 * 1024

_encode = msgspec.msgpack.Encoder().encode


class Line(Protocol):
    """One conversation with the service behind the instance, as one of its clients."""

    def deliver(self, data: bytes) -> None: ...
    def hang_up(self) -> None: ...


class BehindInstance(Protocol):
    """The service behind the instance."""

    @property
    def hello(self) -> ServiceHello: ...

    @property
    def plain(self) -> frozenset[str]:
        """The methods that give one result, and no stream."""

    @property
    def not_for_the_bus(self) -> frozenset[str]:
        """Methods of which the service would take this program for the caller."""

    def connect(
        self, peer: PeerCredentials, on_output: Callable[[bytes], object], on_lost: Callable[[], object]
    ) -> Line: ...

    def position(self, topic: str) -> tuple[int, bytes, int, str] | None:
        """Return the number of a topic's last message, who counts, its queue, and its policy; None if it is not."""

    @property
    def topics(self) -> list[str]: ...


class _Open:
    """A caller, and its line to the service, which is there from when it has greeted."""

    __slots__ = ("callers", "key", "line", "next_look", "peer")

    def __init__(self, callers: BusCallers, peer: PeerCredentials, key: str, next_look: float) -> None:
        self.callers = callers
        self.peer = peer
        self.key = key
        self.line: Line | None = None
        self.next_look = next_look


class Instance:
    """Takes messages, and gives what is to be done on the bus to `do`."""

    def __init__(
        self,
        names: Subjects,
        served: BehindInstance,
        micro: MicroService,
        do: Callable[[BusAction], object],
        identity: Identity,
        log: ThinnedLog,
        now: Callable[[], float] = clock_now,
    ) -> None:
        self.inbox = f"{INBOX}{secrets.token_urlsafe(18)}"
        self.max_payload = HEAD_ROOM * 2
        self._names = names
        self._served = served
        self._micro = micro
        self._do = do
        self._identity = identity
        self._log = log
        self._now = now
        self._known: dict[str, _Open] = {}  # by their inbox
        self._by_reply: dict[str, _Open] = {}
        self._others: dict[PeerCredentials, _Open] = {}
        self._ungreeted: dict[_Open, None] = {}  # in the order in which they came
        self._gone: deque[str] = deque(maxlen=_REMEMBERED)
        self._dropped: deque[str] = deque(maxlen=_REMEMBERED)  # by the service, or for their silence: they may be there
        self._touched: dict[_Open, None] = {}  # those for whom there is something to be done

    @property
    def open_calls(self) -> int:
        return sum(len(each.callers.unanswered) for each in [*self._known.values(), *self._others.values()])

    @property
    def callers(self) -> int:
        return len(self._known)

    # --- what arrives -------------------------------------------------------------------------------------------------

    def take(self, messages: list[BusMessage]) -> None:
        """Take in messages, on whichever of the instance's subjects; those of one caller reach the service together."""
        for message in messages:
            self._take_one(message)
        touched, self._touched = self._touched, {}
        for opened in touched:
            self._forward(opened)

    def _take_one(self, message: BusMessage) -> None:
        """What breaks the rules costs who sent it."""
        try:
            if message.subject.startswith(self.inbox):
                self._take_answer(message, message.headers or {})
            elif message.subject == self._names.control:
                self._take_control(message, message.headers or {})
            elif message.subject.startswith("$SRV."):
                if _is_inbox(message.reply):
                    self._do(BusMessage(message.reply, self._micro.answer(message.subject)))
            else:
                self._take_request(message, message.headers or {})
        except PeerBrokeProtocol as error:
            self._tell("ignored a message on the bus: %s", error)

    def _take_request(self, message: BusMessage, headers: dict[str, str]) -> None:
        method = self._names.method(message.subject)
        word = headers.get(WORD, "").partition(" ")[0]
        if message.reply and not _is_inbox(message.reply):
            raise PeerBrokeProtocol("its reply subject is not an inbox")  # maybe another service's
        if (peer := self._identity(message)) is None or method in self._served.not_for_the_bus:
            self._refuse(message.reply, method)
        elif word in ("call", "note", "open"):
            self._take_known(message, headers, method, word, peer)
        else:
            self._touched[self._take_other(message, headers, method, peer)] = None

    def _take_known(
        self, message: BusMessage, headers: dict[str, str], method: str, word: str, peer: PeerCredentials
    ) -> None:
        inbox, _, tail = message.reply.rpartition(".")
        number = whole_number(tail)
        opened = self._known.get(inbox)
        if opened is None:
            if inbox in self._gone:
                if word == "note":  # its sender has gone since, and said so by another way
                    self._run_note(method, headers, message.payload, peer)
                return
            opened = self._open(inbox, peer, message.reply)
            if opened is None:
                return
        caller = opened.callers
        assert isinstance(caller, KnownCaller)
        if opened.peer != peer:
            self._refuse(message.reply, method)
        elif word == "open":
            if caller.is_greeted:  # it asks again, having lost another instance
                caller.say_hello(self._now())
        elif method in (SUBSCRIBE, SUBSCRIBE_NUMBERED):
            self._tell_position(message)
        else:
            self._micro.begin(method)
            caller.request(number, method, headers, message.payload, self._now(), is_note=word == "note")
        self._touched[opened] = None

    def _run_note(self, method: str, headers: dict[str, str], payload: bytes, peer: PeerCredentials) -> None:
        """Run a notification of a caller that has gone, as anybody's."""
        self._forward(self._take_other(BusMessage("", payload), {**headers, CONTENT_TYPE: MSGPACK}, method, peer))

    def _take_other(self, message: BusMessage, headers: dict[str, str], method: str, peer: PeerCredentials) -> _Open:
        opened = self._others.get(peer)
        if opened is None:
            hello = self._served.hello
            longest = min(hello.max_message, self.max_payload - HEAD_ROOM)
            callers = OtherCallers(hello.max_calls, longest, _OTHERS_WINDOW)
            opened = self._others[peer] = _Open(callers, peer, "", 0.0)
            self._connect(opened)
        assert isinstance(opened.callers, OtherCallers)
        self._micro.begin(method)
        opened.callers.request(method, headers, message.payload, message.reply)
        return opened

    def _take_control(self, message: BusMessage, headers: dict[str, str]) -> None:
        word, count = word_of(headers)
        inbox, _, tail = headers.get(OF, "").rpartition(".")
        if (opened := self._known.get(inbox)) is None:
            if word == "bye" and inbox:
                self._gone.append(inbox)
            return
        caller = opened.callers
        assert isinstance(caller, KnownCaller)
        try:
            if word == "cancel":
                caller.cancel(whole_number(tail))
            elif word == "credit":
                caller.credit(whole_number(tail), count)
            elif word == "hello":
                self._take_hello(opened, caller, count, message.payload)
            elif word == "go":
                caller.go(whole_number(tail), count, times_of(headers[WORD].split(" ")[2:]), self._now())
            elif word == "ask":
                caller.say_have(self._now())
            elif word == "bye":
                self._close(opened)
                return
        except PeerBrokeProtocol as error:
            self._tell("dropped a caller on the bus: %s", error)
            self._close(opened)
            return
        self._touched[opened] = None

    def _take_answer(self, message: BusMessage, headers: dict[str, str]) -> None:
        if headers.get(STATUS) is None:
            self._take_control(message, headers)
        elif (opened := self._by_reply.get(message.subject)) is not None:
            self._close(opened)  # nobody takes what is sent there: the caller is gone

    def _take_hello(self, opened: _Open, caller: KnownCaller, number: int, payload: bytes) -> None:
        was_greeted = caller.is_greeted
        caller.hello(number, payload, self._now())
        if caller.is_greeted and not was_greeted:
            self._ungreeted.pop(opened, None)
            self._connect(opened)

    # --- callers ------------------------------------------------------------------------------------------------------

    def _open(self, inbox: str, peer: PeerCredentials, reply: str) -> _Open | None:
        if len(self._ungreeted) >= _MOST_UNGREETED:
            self._tell("dropped a caller on the bus: many others have not greeted either")
            self._close(next(iter(self._ungreeted)), is_gone=False)
        if len(self._known) >= MOST_CALLERS:
            self._tell("refused a caller on the bus: there are already %d", len(self._known))
            if not reply.endswith(".0"):
                self._fail(reply, TooManyCalls(MOST_CALLERS))
            return None
        key = f"{self.inbox}.{secrets.token_urlsafe(6)}"
        longest = min(self._served.hello.max_message, self.max_payload - HEAD_ROOM)
        comes_again = inbox in self._dropped
        caller = KnownCaller(inbox, key, self._served.hello, longest, self._served.plain, comes_again=comes_again)
        opened = self._known[inbox] = self._by_reply[key] = _Open(caller, peer, key, self._now() + _LOOK)
        self._ungreeted[opened] = None
        caller.say_hello(self._now())
        return opened

    def _connect(self, opened: _Open) -> None:
        def take_in(data: bytes) -> None:
            callers = opened.callers
            callers.from_service(data)
            self._micro.end(callers.ended)
            callers.ended.clear()
            self._forward(opened)

        opened.line = self._served.connect(opened.peer, take_in, lambda: self._lost(opened))

    def _forward(self, opened: _Open) -> None:
        callers = opened.callers
        if callers.to_service and opened.line is not None:
            frames, callers.to_service = callers.to_service, []
            opened.line.deliver(b"".join(frames))
        if callers.to_bus:
            actions, callers.to_bus = callers.to_bus, []
            for action in actions:
                self._do(action)

    def _lost(self, opened: _Open) -> None:
        """The service has ended the conversation."""
        if isinstance(opened.callers, KnownCaller):
            if self._known.get(opened.callers.inbox) is opened:
                opened.callers.say_bye()
                self._close(opened, is_gone=False)
        elif self._others.get(opened.peer) is opened:
            del self._others[opened.peer]

    def _close(self, opened: _Open, *, is_gone: bool = True) -> None:
        """Let go of a caller. Of one that is gone nothing is run any more; another one may come again."""
        self._forward(opened)  # what it has sent before
        caller = opened.callers
        if isinstance(caller, KnownCaller):
            if self._known.pop(caller.inbox, None) is None:
                return
            self._by_reply.pop(opened.key, None)
            (self._gone if is_gone else self._dropped).append(caller.inbox)
            self._ungreeted.pop(opened, None)
            for method, headers, payload in caller.held_notes():
                self._run_note(method, headers, payload, opened.peer)
        if opened.line is not None:
            opened.line.hang_up()

    def look(self, greeting: float) -> None:
        """Let go of callers that are gone, or do not answer; to be called from time to time."""
        now = self._now()
        for opened in list(self._known.values()):
            caller = opened.callers
            assert isinstance(caller, KnownCaller)
            if not caller.is_greeted and now - (opened.next_look - _LOOK) > greeting:
                self._tell("dropped a caller on the bus: it has not greeted in time")
                self._close(opened, is_gone=False)
            elif caller.is_greeted and now >= opened.next_look:
                opened.next_look = now + _LOOK
                caller.say_hello(now)  # of which the NATS server says so where nobody is there
                self._forward(opened)

    def end(self) -> None:
        """Tell everybody, and let go of them."""
        for opened in list(self._known.values()):
            assert isinstance(opened.callers, KnownCaller)
            opened.callers.say_bye()
            self._forward(opened)
            self._close(opened)
        for opened in list(self._others.values()):
            if opened.line is not None:
                opened.line.hang_up()

    # ------------------------------------------------------------------------------------------------------------------

    def _tell_position(self, message: BusMessage) -> None:
        try:
            (topic,), _named = msgspec.msgpack.decode(message.payload, type=tuple[tuple[str], Any])
        except UNREADABLE as error:
            raise PeerBrokeProtocol(f"the peer's subscription cannot be read: {error}") from error
        if (position := self._served.position(topic)) is None:
            self._fail(message.reply, NoSuchTopic(topic[:128], self._names.service, self._served.topics))
        else:
            self._do(BusMessage(message.reply, _encode(position)))

    def _refuse(self, reply: str, method: str) -> None:
        self._tell("refused a call of %r on the bus: it is not known on whose behalf it is made", method[:128])
        if method == OPEN:  # which is not answered: the time to connect passes
            return
        self._fail(reply, NotAllowed(method[:128]))

    def _fail(self, reply: str, error: LocalSocketError) -> None:
        failure = failure_of_ours(error)
        assert failure is not None
        if reply:
            self._do(BusMessage(reply, encode_failure(failure), {WORD: f"failure {failure.code}"}))

    def _tell(self, message: str, *parts: object) -> None:
        self._log.log(logging.WARNING, 0, f"service %r: {message}", self._names.service, *parts)


def _is_inbox(reply: str) -> bool:
    return reply.startswith(INBOX)
