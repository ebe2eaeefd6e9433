"""BusCallers on the bus, as one instance of a service sees them: their messages become frames, and frames answers.

Nothing here waits. The service behind it is spoken to in the protocol of its own clients, so that its limits, its
deadlines and its errors are the same for callers from everywhere. What is to be done gathers in `to_bus` and
`to_service`.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import Any

import msgspec

from localsocket.bridges.bus_messages import (
    BEGINS,
    CONTENT_TYPE,
    ERROR,
    ERROR_CODE,
    JSON,
    LIFE,
    MSGPACK,
    NUMBER,
    OF,
    PREFETCH,
    SENT,
    SIGNATURE,
    SIGNER,
    STATUS,
    TIMEOUT,
    WORD,
    BusAction,
    BusMessage,
    seconds_of,
    whole_number,
)
from localsocket.errors import BadArguments, DeadlinePassed, LocalSocketError, PeerBrokeProtocol, TooManyCalls
from localsocket.services.failures import failure_of_ours
from localsocket.services.schema import ANYTHING
from localsocket.wire.call_bodies import Failure, decode_failure, encode_count, encode_failure
from localsocket.wire.frames import Body, FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import Greeting
from localsocket.wire.hash_floods import guarded
from localsocket.wire.serializers import UNREADABLE
from localsocket.wire.stream_terms import BEGINS_IN_TIME, StreamTerms

_MOST_NUMBER = 2**32 - 1
_MOST_CREDIT = 2**31
# Numbers of calls that are remembered, so that one that comes twice runs once: more than may be under way.
_REMEMBERED = 4096
# What a tracer sends along is short, and there are few of it.
_MOST_CARRIED, _LONGEST_CARRIED = 8, 1024
# A greeting that took longer says too little of the caller's clock, and is made again so many times.
_GOOD_ENOUGH, _GREETINGS = 0.1, 4
# Calls that wait for the greeting may hold so many bytes.
_MOST_HELD_BYTES = 2 * 1024 * 1024
_OURS = {WORD, TIMEOUT, SENT, PREFETCH, BEGINS, OF, NUMBER, LIFE, SIGNER, SIGNATURE, CONTENT_TYPE, STATUS}

_FAILURE = int(Kind.FAILURE)
_ENDS = {int(Kind.REPLY), _FAILURE, int(Kind.END)}

_encode = msgspec.msgpack.Encoder().encode
_decode_json = guarded(msgspec.json.Decoder().decode, Any, is_json=True)
_NO_ARGUMENTS = b"\x92\x90\x80"


class CallerHello(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller answers to a greeting: what it takes, and what its clock shows, in seconds."""

    max_message: int
    stream_window: int
    clock: float


class ServiceHello(msgspec.Struct, frozen=True, kw_only=True):
    """What an instance says first to each caller."""

    max_message: int
    max_calls: int
    service: str = ""
    version: str = ""
    idempotent: list[str] = []


_decode_hello = msgspec.msgpack.Decoder(CallerHello).decode


class BusCallers:
    """What callers of both kinds share: frames to the service, and its answers."""

    def __init__(self, longest: int) -> None:
        self.to_bus: list[BusAction] = []
        self.to_service: list[bytes] = []
        self._longest = longest
        self._decoder = FrameDecoder(sys.maxsize)  # what comes is of our own service
        self.open: dict[int, tuple[str, float]] = {}  # what was called, and when
        self.ended: list[tuple[str, float, bool]] = []  # those that have ended, and whether with a failure

    def _greet(self, max_message: int, stream_window: int) -> None:
        longest = min(max_message, self._longest)
        self.to_service.append(Greeting(role="client", max_message=longest, stream_window=stream_window).encode())

    def _call(
        self, number: int, method: str, timeout: float | None, payload: bytes, headers: dict[str, str], *, is_note: bool
    ) -> None:
        carrier = _carrier_of(headers)
        if (terms := _terms_of(headers)) is not None:
            carrier = terms.add_to(carrier)
        # An array of five: the method, its time-out, the two of the payload as they came, and the carrier.
        body = b"".join((b"\x95", _encode(method), _encode(timeout), memoryview(payload)[1:], _encode(carrier)))
        if is_note:
            self.to_service.append(encode_frame(Kind.NOTIFICATION, 0, body))
            return
        self.open[number] = method, time.monotonic()
        self.to_service.append(encode_frame(Kind.CALL, number, body))

    def from_service(self, data: bytes) -> None:
        """Take in frames of the service. Raises PeerBrokeProtocol."""
        for kind, number, body in self._decoder.feed(data):
            if kind == Kind.GREETING:
                continue
            if kind in _ENDS and (begun := self.open.pop(number, None)) is not None:
                self.ended.append((*begun, kind == _FAILURE))
            self._answer(kind, number, body)

    def _answer(self, kind: int, number: int, body: Body) -> None:
        raise NotImplementedError


class KnownCaller(BusCallers):
    """A caller of this package: its calls are numbered, it is greeted once, and grants what it will take."""

    def __init__(self, inbox: str, reply: str, mine: ServiceHello, longest: int) -> None:
        super().__init__(longest)
        self.inbox = inbox
        self.reply = reply  # where it answers, and grants credit
        self._mine = mine
        self._held: list[tuple[int, str, dict[str, str], bytes]] = []
        self._held_bytes = 0
        self.is_greeted = False
        self._hello_sent = 0.0
        self._hellos = 0
        self._best: tuple[float, float, float] | None = None  # how long a greeting took, its beginning, their clock
        self._seen: set[int] = set()
        self._seen_in_order: deque[int] = deque()
        self._cancelled: set[int] = set()
        self._items: dict[int, int] = {}

    def say_hello(self, now: float) -> None:
        """Greet, which also asks what its clock shows, and whether it is still there."""
        self._hello_sent = now
        self._hellos += 1
        self.to_bus.append(BusMessage(f"{self.inbox}.0", _encode(self._mine), {WORD: "hello"}, self.reply))

    def say_bye(self) -> None:
        """Tell that this instance ends, and which calls it has not answered."""
        self.to_bus.append(BusMessage(f"{self.inbox}.0", _encode(sorted(self.open)), {WORD: "bye"}, self.reply))

    def held_notes(self) -> list[tuple[str, dict[str, str], bytes]]:
        """Return the notifications that wait for a greeting: they are run though nobody may answer it any more."""
        held, self._held = self._held, []
        return [(method, headers, body) for _, method, headers, body in held if headers[WORD].startswith("note")]

    def request(
        self, number: int, method: str, headers: dict[str, str], payload: bytes, now: float, *, is_note: bool
    ) -> None:
        """Take a call, or a notification, which have numbers of one sequence; one that came before is passed over."""
        if not 0 < number <= _MOST_NUMBER:
            raise PeerBrokeProtocol(f"the peer made call {number}, which may not be")
        if number in self._seen:
            return
        self._remember(number)
        if number in self._cancelled:
            self._cancelled.discard(number)
            return
        if not self.is_greeted:
            self._hold(number, method, headers, payload)
        else:
            self._begin(number, method, headers, payload, now, is_note=is_note)

    def hello(self, payload: bytes, now: float) -> None:
        """The caller has answered the greeting. Raises PeerBrokeProtocol."""
        try:
            theirs = _decode_hello(payload)
        except UNREADABLE as error:
            raise PeerBrokeProtocol(f"the peer's greeting cannot be read: {error}") from error
        took = now - self._hello_sent
        if self._best is None or took <= self._best[0] or took <= _GOOD_ENOUGH:
            self._best = took, self._hello_sent, theirs.clock
        if self.is_greeted:
            return
        if took > _GOOD_ENOUGH and self._hellos < _GREETINGS:
            self.say_hello(now)
            return
        self.is_greeted = True
        self._greet(max(theirs.max_message, 0), max(theirs.stream_window, 0))
        held, self._held = self._held, []
        for number, method, headers, body in held:
            if number in self._cancelled:
                self._cancelled.discard(number)
            else:
                self._begin(number, method, headers, body, now, is_note=headers[WORD].startswith("note"))

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
        elif (number not in self._seen or not self.is_greeted) and len(self._cancelled) < _REMEMBERED:
            self._cancelled.add(number)

    def refuse(self, number: int, error: LocalSocketError) -> None:
        failure = failure_of_ours(error)
        assert failure is not None
        self._fail(number, encode_failure(failure), failure)

    # ------------------------------------------------------------------------------------------------------------------

    def _hold(self, number: int, method: str, headers: dict[str, str], payload: bytes) -> None:
        if len(self._held) >= self._mine.max_calls or self._held_bytes + len(payload) > _MOST_HELD_BYTES:
            self.refuse(number, TooManyCalls(self._mine.max_calls))
            return
        self._held.append((number, method, headers, payload))
        self._held_bytes += len(payload)

    def _remember(self, number: int) -> None:
        self._seen.add(number)
        self._seen_in_order.append(number)
        if len(self._seen_in_order) > _REMEMBERED:
            self._seen.discard(self._seen_in_order.popleft())

    def _begin(
        self, number: int, method: str, headers: dict[str, str], payload: bytes, now: float, *, is_note: bool
    ) -> None:
        timeout = seconds_of(headers, TIMEOUT)
        if payload[:1] != b"\x92":
            self.refuse(number, BadArguments(method[:128], "", "they are no array of two"))
            return
        if timeout is not None:
            left = timeout - self._age(headers, now)
            if left <= 0:
                if not is_note:
                    self.refuse(number, DeadlinePassed(f"calling {method[:128]!r}", timeout))
                return
            timeout = min(timeout, left)
        self._call(number, method, timeout, payload, headers, is_note=is_note)

    def _age(self, headers: dict[str, str], now: float) -> float:
        """Return the seconds since a message was sent, by the two clocks as far as they are known; never too few.

        Its clock showed what it said at some time after the greeting had gone: taken to be at once, no call runs
        that its caller has given up.
        """
        sent = seconds_of(headers, SENT)
        if sent is None or self._best is None:
            return 0.0
        _, began, clock = self._best
        return max(0.0, now - (began + sent - clock))

    def _answer(self, kind: int, number: int, body: Body) -> None:
        subject, payload = f"{self.inbox}.{number}", bytes(body)
        if kind == Kind.REPLY:
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
        self.to_bus.append(BusMessage(f"{self.inbox}.{number}", payload, _failed(failure)))


class OtherCallers(BusCallers):
    """BusCallers of other kinds, such as NATS' own tools: each request is a call of its own, as JSON or MessagePack."""

    def __init__(self, most: int, longest: int, window: int) -> None:
        super().__init__(longest)
        self._most = most
        self._last = 0
        self._waiting: dict[int, tuple[str, bool]] = {}
        self._greet(longest, window)

    def request(self, method: str, headers: dict[str, str], payload: bytes, reply: str) -> None:
        """Take a request; without `reply` it is a notification. Raises PeerBrokeProtocol."""
        is_json = headers.get(CONTENT_TYPE, JSON) != MSGPACK
        timeout = seconds_of(headers, TIMEOUT)
        try:
            arguments = _arguments_of_json(payload) if is_json else _checked(payload)
        except (TypeError, ValueError, OverflowError, *UNREADABLE) as error:
            self._refuse(reply, is_json, BadArguments(method[:128], "", str(error)))
            return
        if len(self._waiting) >= self._most:
            self._refuse(reply, is_json, TooManyCalls(self._most))
            return
        number = 0
        if reply:
            number = self._last = self._last % _MOST_NUMBER + 1
            self._waiting[number] = reply, is_json
        self._call(number, method, timeout, arguments, headers, is_note=not reply)

    def _answer(self, kind: int, number: int, body: Body) -> None:
        if (waiting := self._waiting.get(number)) is None:
            return
        reply, is_json = waiting
        if kind == Kind.STREAM:
            # Who grants nothing is sent nothing: it would have to be as much as there is.
            self.to_service.append(encode_frame(Kind.CANCEL, number, b""))
            self.open.pop(number, None)
            failure = Failure("failed", "it gives a stream, which only a client of localsocket can take over NATS")
            body, kind = encode_failure(failure), Kind.FAILURE
        del self._waiting[number]
        if kind == Kind.FAILURE:
            self._fail(reply, is_json, decode_failure(body))
        else:
            self.to_bus.append(_in_form(reply, bytes(body), {}, is_json=is_json))

    def _refuse(self, reply: str, is_json: bool, error: LocalSocketError) -> None:
        failure = failure_of_ours(error)
        assert failure is not None
        if reply:
            self._fail(reply, is_json, failure)

    def _fail(self, reply: str, is_json: bool, failure: Failure) -> None:
        self.to_bus.append(_in_form(reply, encode_failure(failure), _failed(failure), is_json=is_json))


def _in_form(reply: str, body: bytes, headers: dict[str, str], *, is_json: bool) -> BusMessage:
    headers[CONTENT_TYPE] = JSON if is_json else MSGPACK
    return BusMessage(reply, msgspec.json.encode(ANYTHING.read(body)) if is_json else body, headers)


def _failed(failure: Failure) -> dict[str, str]:
    is_theirs = failure.code not in ("failed", "raised")
    return {
        WORD: f"failure {failure.code}",
        ERROR_CODE: "400" if is_theirs else "500",
        ERROR: failure.message[:_LONGEST_CARRIED],
    }


def _arguments_of_json(payload: bytes) -> bytes:
    if not payload:
        return _NO_ARGUMENTS
    given = _decode_json(payload)
    if isinstance(given, dict):
        return b"\x92\x90" + _encode(given)
    if isinstance(given, list):
        return b"\x92" + _encode(given) + b"\x80"
    raise TypeError("arguments are a JSON object, by name, or an array, by place")


def _checked(payload: bytes) -> bytes:
    """Return what is an array of two; many share one conversation here, which nobody else's bytes may break."""
    if not payload:
        return _NO_ARGUMENTS
    arguments, named = msgspec.msgpack.decode(payload, type=tuple[msgspec.Raw, msgspec.Raw])
    return b"\x92" + bytes(arguments) + bytes(named)


def _carrier_of(headers: dict[str, str]) -> dict[str, str]:
    if headers.keys() <= _OURS:
        return {}
    carried = {name: value for name, value in headers.items() if name not in _OURS and not name.startswith("Nats-")}
    short = [(name, value) for name, value in carried.items() if len(name) + len(value) <= _LONGEST_CARRIED]
    return {name: value for name, value in short[:_MOST_CARRIED] if not name.startswith("localsocket.")}


def _terms_of(headers: dict[str, str]) -> StreamTerms | None:
    prefetch, begins = headers.get(PREFETCH), BEGINS in headers
    if prefetch is not None:
        if not (count := whole_number(prefetch)):
            raise PeerBrokeProtocol("the peer asked for a window of no items")
        return StreamTerms(count, begins)
    return BEGINS_IN_TIME if begins else None
