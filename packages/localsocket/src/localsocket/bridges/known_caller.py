"""A caller of this package on the bus, as one instance of a service sees it: what it has given up is not run later."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import msgspec

from localsocket.bridges.bus_messages import (
    MOST_NUMBER,
    WORD,
    BusMessage,
    CallerHello,
    ServiceHello,
    Times,
    times_of,
)
from localsocket.bridges.clocks import OtherClock
from localsocket.bridges.served_callers import BusCallers, failure_headers
from localsocket.errors import BadArguments, DeadlinePassed, LocalSocketError, PeerBrokeProtocol, TooManyCalls
from localsocket.services.failures import failure_of_ours
from localsocket.wire.call_bodies import Failure, decode_failure, encode_count, encode_failure
from localsocket.wire.frames import Body, Kind, encode_frame
from localsocket.wire.serializers import UNREADABLE

_MOST_CREDIT = 2**31
# Numbers of calls that are remembered, so that one that comes twice runs once: more than may be under way.
_REMEMBERED = 4096
# Calls that are held for their caller's word may be so many bytes, and those for a greeting so many: nobody may be
# there. On a slow way all that a caller has under way is held, and nothing else would keep it back.
_MOST_HELD_BYTES = 16 * 1024 * 1024
_MOST_UNGREETED_BYTES = 2 * 1024 * 1024
# A call that was on its way for longer may have been cancelled meanwhile, so its caller is asked first.
_FRESH = 0.1
# Where every round trip takes longer than that, it is not a server that holds back, but the way: known after so many.
_ANSWERS = 3

_REPLY = int(Kind.REPLY)  # which most answers are

_encode = msgspec.msgpack.Encoder().encode
_decode_hello = msgspec.msgpack.Decoder(CallerHello).decode


@dataclass(slots=True)
class _Request:
    """A call or a notification as it came; `question` is the last one that its caller was asked, `asked` when."""

    number: int
    method: str
    headers: dict[str, str]
    payload: bytes
    times: Times
    is_note: bool
    question: int = 0
    asked: float = 0.0


class KnownCaller(BusCallers):
    """Its calls are numbered, it is greeted once, it grants what it will take, and says what it still wants."""

    def __init__(
        self,
        inbox: str,
        reply: str,
        mine: ServiceHello,
        longest: int,
        plain: frozenset[str] = frozenset(),
        *,
        comes_again: bool = False,
    ) -> None:
        super().__init__(longest)
        self._comes_again = comes_again
        self._greeted_at = 0.0  # by the caller's clock
        self._plain = plain  # methods to which it is all the same when a stream is to begin
        self.inbox = inbox
        self.reply = reply  # where it answers, and grants credit
        self._mine = mine
        self._held: dict[int, _Request] = {}
        self._held_bytes = 0
        self.is_greeted = False
        self._clock = OtherClock()
        self._question = 0
        self._greeting = 0, 0.0  # the number of the last one, and when
        self._seen: set[int] = set()
        self._seen_in_order: deque[int] = deque()
        self._cancelled: dict[int, None] = {}  # in the order in which they came
        self._items: dict[int, int] = {}

    @property
    def unanswered(self) -> list[int]:
        """The numbers of its calls that have no answer yet, whether they run or are held."""
        return sorted([*self.open, *(number for number, held in self._held.items() if not held.is_note)])

    def say_hello(self, now: float) -> None:
        """Greet, which also asks what its clock shows, and whether it is still there."""
        self._question += 1
        self._greeting = self._question, now
        headers = {WORD: f"hello {self._question}"}
        self.to_bus.append(BusMessage(f"{self.inbox}.0", _encode(self._mine), headers, self.reply))

    def say_bye(self) -> None:
        """Tell that this instance ends, and which calls it has not answered."""
        self.to_bus.append(BusMessage(f"{self.inbox}.0", _encode(self.unanswered), {WORD: "bye"}, self.reply))

    def say_have(self, now: float) -> None:
        """Tell which calls are under way, and ask again for those of which it is not known whether they are wanted."""
        self.to_bus.append(BusMessage(f"{self.inbox}.0", _encode(sorted(self.open)), {WORD: "have"}, self.reply))
        if self.is_greeted:
            for request in self._held.values():
                self._ask(request, now)

    def held_notes(self) -> list[tuple[str, dict[str, str], bytes]]:
        """Return the notifications that wait for a greeting: they are run though nobody may answer it any more."""
        held, self._held = self._held, {}
        return [(request.method, request.headers, request.payload) for request in held.values() if request.is_note]

    def request(
        self, number: int, method: str, headers: dict[str, str], payload: bytes, now: float, *, is_note: bool
    ) -> None:
        """Take a call, or a notification, which have numbers of one sequence; one that came before is passed over."""
        if not 0 < number <= MOST_NUMBER:
            raise PeerBrokeProtocol(f"the peer made call {number}, a number that is not allowed")
        if number in self._seen:
            return
        self._remember(number)
        if number in self._cancelled:
            del self._cancelled[number]
            return
        if payload[:1] != b"\x92":
            self.refuse(number, BadArguments(method[:128], "", "they are not an array of two"))
            return
        times = times_of(headers.get(WORD, "").split(" ")[1:])
        request = _Request(number, method, headers, payload, times, is_note)
        if self.is_greeted:
            self._begin(request, now)
        else:
            self._hold(request)

    def hello(self, number: int, payload: bytes, now: float) -> None:
        """The caller has answered the greeting of that number. Raises PeerBrokeProtocol."""
        try:
            theirs = _decode_hello(payload)
        except UNREADABLE as error:
            raise PeerBrokeProtocol(f"the peer's greeting cannot be read: {error}") from error
        last, asked = self._greeting
        if number != last:
            return
        self._clock.note(asked, now, theirs.clock)
        if self.is_greeted:
            return
        self.is_greeted = True
        self._greeted_at = theirs.clock
        self._greet(max(theirs.max_message, 0), max(theirs.stream_window, 0))
        for request in list(self._held.values()):
            self._release(request)
            self._begin(request, now)

    def go(self, number: int, question: int, times: Times, now: float) -> None:
        """The caller says that it still wants a call, and for how many seconds. Raises PeerBrokeProtocol."""
        sent, left, _ = times
        if sent is None:
            raise PeerBrokeProtocol("the peer did not say what time its clock shows")
        if (request := self._held.get(number)) is None or request.question != question or not self.is_greeted:
            return
        self._clock.note(request.asked, now, sent)
        took = now - request.asked
        if took > self._fresh:
            self._ask(request, now)
            return
        self._release(request)
        self._run(request, None if left is None else left - took)

    def credit(self, number: int, count: int) -> None:
        if not 0 < count <= _MOST_CREDIT:
            raise PeerBrokeProtocol(f"the peer granted {count} bytes")
        if number in self.open:
            self.to_service.append(encode_frame(Kind.CREDIT, number, encode_count(count)))

    def cancel(self, number: int) -> None:
        """Cancel a call, also one that is still on its way: the two come by different ways."""
        if number in self.open:
            self.open.pop(number, None)
            self._items.pop(number, None)
            self.to_service.append(encode_frame(Kind.CANCEL, number, b""))
        elif (request := self._held.get(number)) is not None:
            self._release(request)
        elif number not in self._seen:
            if len(self._cancelled) >= _REMEMBERED:
                del self._cancelled[next(iter(self._cancelled))]
            self._cancelled[number] = None

    def refuse(self, number: int, error: LocalSocketError) -> None:
        failure = failure_of_ours(error)
        assert failure is not None
        self._fail(number, encode_failure(failure), failure)

    # ------------------------------------------------------------------------------------------------------------------

    @property
    def _fresh(self) -> float:
        """The seconds that a message may take which nobody has held back."""
        return _FRESH if self._clock.answers < _ANSWERS else max(_FRESH, 2 * self._clock.took)

    def _hold(self, request: _Request) -> None:
        most = _MOST_HELD_BYTES if self.is_greeted else _MOST_UNGREETED_BYTES
        if len(self._held) >= self._mine.max_calls or self._held_bytes + len(request.payload) > most:
            self.refuse(request.number, TooManyCalls(self._mine.max_calls))
            return
        self._held[request.number] = request
        self._held_bytes += len(request.payload)

    def _release(self, request: _Request) -> None:
        if self._held.pop(request.number, None) is not None:
            self._held_bytes -= len(request.payload)

    def _remember(self, number: int) -> None:
        self._seen.add(number)
        self._seen_in_order.append(number)
        if len(self._seen_in_order) > _REMEMBERED:
            self._seen.discard(self._seen_in_order.popleft())

    def _begin(self, request: _Request, now: float) -> None:
        """Run what has come in time; ask the caller about a call that may have been held back on its way.

        By the clocks alone a call is never refused: one that stood still would make everything look late.
        """
        sent, timeout, _ = request.times
        if request.is_note and sent is None:
            age = 0.0
        elif sent is None or (self._comes_again and sent <= self._greeted_at):
            age = float("inf")  # it may have been run when the caller was here before: only that one knows
        else:
            age = self._clock.most_age(sent, now)
        left = None if timeout is None else timeout - age
        if request.is_note or (age <= self._fresh and (timeout is None or age <= timeout / 2)):
            self._run(request, left)
            return
        self._hold(request)
        if request.number in self._held:
            self._ask(request, now)

    def _ask(self, request: _Request, now: float) -> None:
        self._question += 1
        request.question, request.asked = self._question, now
        subject = f"{self.inbox}.{request.number}"
        self.to_bus.append(BusMessage(subject, b"", {WORD: f"wanted {self._question}"}, self.reply))

    def _run(self, request: _Request, left: float | None) -> None:
        if left is None or left > 0:
            number, method, headers = request.number, request.method, request.headers
            begins = request.times.begins and method not in self._plain
            self._call(number, method, left, request.payload, headers, is_note=request.is_note, begins=begins)
        elif not request.is_note:
            self.refuse(request.number, DeadlinePassed(f"calling {request.method[:128]!r}", request.times.seconds))

    def _answer(self, kind: int, number: int, body: Body) -> None:
        subject, payload = f"{self.inbox}.{number}", bytes(body)
        if kind == _REPLY:
            self.to_bus.append(BusMessage(subject, payload))
        elif kind == Kind.STREAM:
            self._items[number] = 0
            self.to_bus.append(BusMessage(subject, b"", {WORD: "stream"}, self.reply))
        elif kind == Kind.ITEM:
            self._items[number] = self._items.get(number, 0) + 1
            self.to_bus.append(BusMessage(subject, payload, {WORD: f"item {self._items[number]}"}))
        elif kind == Kind.END:
            self.to_bus.append(BusMessage(subject, b"", {WORD: f"end {self._items.pop(number, 0)}"}))
        elif kind == Kind.FAILURE:
            self._items.pop(number, None)
            self._fail(number, payload, decode_failure(payload))

    def _fail(self, number: int, payload: bytes, failure: Failure) -> None:
        self.to_bus.append(BusMessage(f"{self.inbox}.{number}", payload, failure_headers(failure)))
