"""A client's side of the bus: the frames of our own protocol become messages, and messages frames.

Nothing here waits. The client speaks as to a local service, so that its time-outs, streams and errors are the same.
What is to be done gathers in `to_bus` and `to_local`; tick() is called from time to time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from localsocket.bridges.bus_messages import (
    HEAD_ROOM,
    INBOX,
    NO_RESPONDERS,
    OF,
    PREFETCH,
    STATUS,
    WORD,
    BusAction,
    BusMessage,
    CallerHello,
    Listen,
    Probe,
    ServiceHello,
    Subjects,
    carried,
    is_token,
    timed,
    whole_number,
    word_of,
)
from localsocket.bridges.durable_calls import message_id_of, stored_answer, stored_request
from localsocket.bridges.topics_on_bus import TopicsOnBus
from localsocket.errors import (
    BadArguments,
    ClosedByPeer,
    LocalSocketError,
    NoSuchMethod,
    PeerBrokeProtocol,
    ServerNotFound,
)
from localsocket.services.failures import failure_of_ours
from localsocket.services.method import SUBSCRIBE, SUBSCRIBE_NUMBERED
from localsocket.wire.call_bodies import CallBody, decode_call, decode_count, encode_failure
from localsocket.wire.frames import FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import BUS_LIMIT, Greeting, decode_greeting
from localsocket.wire.serializers import UNREADABLE
from localsocket.wire.stream_terms import STREAM_TERMS, take_terms

OPEN = "localsocket.open"
"""The method that every instance answers with its greeting, and with nothing else."""

ASK_AFTER = 2.0
"""Seconds without a word of a call, after which it is asked for."""

_LOST_AFTER = 3  # rounds of asking in which no instance has said that it has the call
_NOTES_KEPT = 100  # the NATS server says within a round trip that nobody was there
_SEND_AGAIN = 0.05  # seconds after nobody was there for a request

_encode = msgspec.msgpack.Encoder().encode
_decode_hello = msgspec.msgpack.Decoder(ServiceHello).decode
_decode_numbers = msgspec.msgpack.Decoder(list[int]).decode
_decode_position = msgspec.msgpack.Decoder(tuple[int, bytes, int, str]).decode
_SUBSCRIBING = (SUBSCRIBE, SUBSCRIBE_NUMBERED)


@dataclass(slots=True)
class _Call:
    method: str
    request: BusMessage | None  # to be sent again, where nobody was there
    expires: float | None
    heard: float
    searching_until: float | None = None
    instance: str = ""
    items: int = 0
    is_stream: bool = False
    is_lost: bool = False
    is_stored: bool = False  # by JetStream, or is to be
    rounds: int = 0  # of asking, without an answer
    is_following: bool = False
    begins: bool = False  # in its time, and may go on for longer


class BusCallingSide:
    """One client's conversation with all instances of a service.

    `waits` says that a request for which nobody is there is sent again until its time is over, as it has not been run.
    `error` is why nothing more will come.
    """

    def __init__(
        self,
        address: str,
        names: Subjects,
        inbox: str,
        max_payload: int,
        now: Callable[[], float],
        *,
        waits: bool = False,
        patience: float | None = 30.0,
        sign: Callable[[BusMessage], BusMessage] | None = None,
    ) -> None:
        self.to_bus: list[BusAction] = [Listen(f"{inbox}.*")]
        self.to_local: list[bytes] = []
        self.error: LocalSocketError | None = None
        self._address = address
        self._names = names
        self._inbox = inbox
        self._longest = max(1, max_payload - HEAD_ROOM)
        self._now = now
        self._waits = waits
        self._patience = patience
        self._sign = sign
        self._decoder = FrameDecoder(self._longest + HEAD_ROOM)
        self._mine: Greeting | None = None
        self._instances: set[str] = set()
        self._idempotent: frozenset[str] = frozenset()
        self._durable: frozenset[str] = frozenset()
        self._is_searching = False
        self._is_probing = False
        self._calls: dict[int, _Call] = {}
        self._topics = TopicsOnBus(names, inbox.encode(), self._do, self._give, self._refuse)
        self._again: list[tuple[float, int]] = []
        self._notes = 2**31  # their numbers are not those of calls
        self._sent_notes: dict[int, BusMessage] = {}  # the last, to be sent again if nobody is there

    # --- from the client ----------------------------------------------------------------------------------------------

    def from_local(self, data: bytes) -> None:
        """Take in what the client sends. Raises PeerBrokeProtocol."""
        for kind, number, body in self._decoder.feed(data):
            if self._mine is None:
                self._mine = decode_greeting(body, Greeting(role="service", max_message=self._longest))
                self._ask_to_open()
            elif kind in (Kind.CALL, Kind.NOTIFICATION):
                self._begin(number, bytes(body), is_note=kind == Kind.NOTIFICATION)
            elif kind == Kind.CANCEL:
                self._cancel(number)
            elif kind == Kind.CREDIT:
                self._grant(number, decode_count(body))

    def end(self) -> None:
        """Say goodbye to the instances, which let go of what is under way."""
        self._control("bye", f"{self._inbox}.0", "")

    def _begin(self, number: int, body: bytes, *, is_note: bool) -> None:
        call = decode_call(body)
        if call.method in _SUBSCRIBING and not is_note:
            self._subscribe(number, call.method, bytes(call.arguments))
            return
        if not is_token(call.method):
            if not is_note:
                self._refuse(number, NoSuchMethod(call.method[:128], self._names.service))
            return
        if call.method in self._durable:
            self._store(number, call, is_note=is_note)
            return
        now = self._now()
        headers, begins = dict[str, str](), False
        if call.carrier:
            terms = take_terms(call.carrier)
            begins = terms.begins_in_time
            headers = carried(call.carrier)
            if terms.prefetch is not None:
                headers[PREFETCH] = str(terms.prefetch)
        headers[WORD] = timed("note" if is_note else "call", now, call.timeout, begins=begins)
        if is_note:
            number = self._new_note()
        payload = b"".join((b"\x92", call.arguments, call.named))
        request = BusMessage(self._names.call(call.method), payload, headers, f"{self._inbox}.{number}")
        if not is_note:
            expires = None if call.timeout is None else now + call.timeout
            self._calls[number] = _Call(call.method, request, expires, now, begins=begins)
        elif self._waits:
            self._sent_notes[number] = request
            if len(self._sent_notes) > _NOTES_KEPT:
                del self._sent_notes[next(iter(self._sent_notes))]
        self._say(request)

    def _new_note(self) -> int:
        self._notes = self._notes + 1 if self._notes < 2**32 - 1 else 2**31
        return self._notes

    def _store(self, number: int, call: CallBody, *, is_note: bool) -> None:
        """Have JetStream keep a call of a durable method, and not an instance run it now."""
        try:
            known = message_id_of(call) or f"{self._inbox}.{number if not is_note else f'note{self._new_note()}'}"
        except BadArguments as error:
            if not is_note:
                self._refuse(number, error)
            return
        request = stored_request(self._names, call, known)
        if self._sign is not None:
            request = self._sign(request)  # without a reply, which the instance that runs it does not see
        if not is_note:
            request = request._replace(reply=f"{self._inbox}.{number}")
            self._calls[number] = _Call(call.method, request, None, self._now(), is_stored=True)
        self.to_bus.append(request)

    def _ask_to_open(self) -> None:
        self._say(BusMessage(self._names.call(OPEN), b"\x92\x90\x80", {WORD: "open"}, f"{self._inbox}.0"))

    def _say(self, request: BusMessage) -> None:
        self.to_bus.append(request if self._sign is None else self._sign(request))

    def _subscribe(self, number: int, method: str, arguments: bytes) -> None:
        try:
            (topic,) = msgspec.msgpack.decode(arguments, type=tuple[str])
        except UNREADABLE:
            topic = ""
        request = BusMessage(
            self._names.call(SUBSCRIBE), b"\x92" + arguments + b"\x80", {WORD: "call"}, f"{self._inbox}.{number}"
        )
        self._calls[number] = _Call(method, request, None, self._now(), is_following=True)
        self._topics.begin(number, topic, is_numbered=method == SUBSCRIBE_NUMBERED)
        self._say(request)

    def _cancel(self, number: int) -> None:
        if (call := self._calls.get(number)) is None:
            return
        self._forget(number)
        if not (call.is_following or call.is_stored):
            self._control("cancel", f"{self._inbox}.{number}", call.instance)

    def _control(self, word: str, of: str, instance: str, reply: str = "") -> None:
        """Tell the instance that has the call, or all of them while that is not known."""
        self.to_bus.append(BusMessage(instance or self._names.control, b"", {WORD: word, OF: of}, reply))

    def _grant(self, number: int, count: int) -> None:
        if (call := self._calls.get(number)) is None:
            return
        if call.is_following:
            self._topics.grant(number, count)
        else:
            self._control(f"credit {count}", f"{self._inbox}.{number}", call.instance)

    # --- from the bus -------------------------------------------------------------------------------------------------

    def from_bus(self, message: BusMessage) -> None:
        """Take in a message; one that fits nowhere is passed over, since anybody on the bus may have sent it."""
        if message.reply and not message.reply.startswith(INBOX):
            return  # what is answered there would be said to another service, in this client's name
        if self._topics.take(message):
            return
        try:
            number = whole_number(message.subject.rpartition(".")[2])
            if (headers := message.headers) is None:
                headers = {}
            if headers.get(STATUS) == NO_RESPONDERS:
                self._nobody_there(number)
            elif not number:
                self._take_control(message, headers)
            elif headers.get(WORD, "").startswith("wanted"):
                self._say_whether_wanted(number, message.reply, headers)
            elif (call := self._calls.get(number)) is not None:
                call.heard, call.rounds = self._now(), 0
                self._take_answer(number, call, message, headers)
        except PeerBrokeProtocol:
            pass

    def _take_control(self, message: BusMessage, headers: dict[str, str]) -> None:
        word, number = word_of(headers)
        try:
            if word == "hello":
                self._hello(_decode_hello(message.payload), message.reply, number)
            elif word == "have":
                for each in _decode_numbers(message.payload):
                    if (call := self._calls.get(each)) is not None:
                        call.heard, call.rounds, call.instance = self._now(), 0, message.reply
            elif word == "bye":
                self._bye(message.reply, _decode_numbers(message.payload))
        except UNREADABLE as error:
            raise PeerBrokeProtocol(f"the peer's {word} cannot be read: {error}") from error

    def _hello(self, theirs: ServiceHello, instance: str, number: int) -> None:
        assert self._mine is not None
        longest = min(self._mine.max_message, self._longest)
        mine = CallerHello(max_message=longest, stream_window=self._mine.stream_window, clock=self._now())
        self.to_bus.append(BusMessage(instance, _encode(mine), {WORD: f"hello {number}", OF: f"{self._inbox}.0"}))
        self._instances.add(instance)
        self._is_searching = False
        self._idempotent, self._durable = frozenset(theirs.idempotent), frozenset(theirs.durable)
        if not self.is_open:
            self.is_open = True
            self.to_local.append(
                Greeting(
                    role="service",
                    max_message=min(theirs.max_message, self._longest),
                    max_calls=theirs.max_calls,
                    capabilities=[STREAM_TERMS, *([BUS_LIMIT] if theirs.max_message >= self._longest else [])],
                    service=theirs.service,
                    version=theirs.version,
                    idempotent=theirs.idempotent,
                ).encode()
            )

    is_open = False
    """Whether an instance has greeted."""

    why_not: LocalSocketError | None = None
    """Why none has, as far as that is known."""

    def _bye(self, instance: str, unanswered: list[int]) -> None:
        """An instance has ended: what it has not answered, it will not."""
        if instance not in self._instances:
            return
        self._instances.discard(instance)
        for number, call in list(self._calls.items()):
            if call.instance == instance or (number in unanswered and not call.instance):
                self._lose(number, call)
        if not self._instances and (self._calls or not self._waits):
            self._ask_to_open()  # else the next call finds another one, or waits for it

    def _nobody_there(self, number: int) -> None:
        """No instance is there for a request, which so has not been run."""
        if not number:
            if self._instances:
                return
            self.why_not = ServerNotFound(self._address)
            # What has not been run is not lost. A search that has begun goes on: calls that come meanwhile take part.
            self._is_searching = self._waits and (not self.is_open or self._is_searching or self._has_undecided_calls())
            if self._is_searching:
                self._again.append((self._now() + _SEND_AGAIN, 0))
            elif not (self._waits and self._durable):  # of which the calls need no instance
                lost = ClosedByPeer("it was in use") if self.is_open else self.why_not
                self.error = self.error or lost
            return
        now = self._now()
        if number in self._sent_notes:
            self._again.append((now + _SEND_AGAIN, number))
        if (call := self._calls.get(number)) is None or call.is_stream:
            return
        if call.searching_until is None:
            call.searching_until = math.inf if self._patience is None else now + self._patience
        if self._waits and now < call.searching_until:  # whoever called sees to its deadline
            self._again.append((now + _SEND_AGAIN, number))
        else:
            self._refuse(number, ServerNotFound(self._address))

    def _has_undecided_calls(self) -> bool:
        """Whether there are calls of which it is not known that an instance has had them."""
        return any(
            not (call.is_following or call.instance or call.is_lost or call.is_stored) for call in self._calls.values()
        )

    def _say_whether_wanted(self, number: int, instance: str, headers: dict[str, str]) -> None:
        """An instance has a call that may have been held back on its way, and runs it if it is told to."""
        _, question = word_of(headers)
        of = f"{self._inbox}.{number}"
        if (call := self._calls.get(number)) is None or call.is_lost:
            self._control("cancel", of, instance)
            return
        now = self._now()
        call.heard, call.rounds = now, 0
        word = timed(f"go {question}", now, _left(call, now))
        self.to_bus.append(BusMessage(instance, b"", {WORD: word, OF: of}))

    def _take_answer(self, number: int, call: _Call, message: BusMessage, headers: dict[str, str]) -> None:
        if call.is_stored:
            self._forget(number)
            self.to_local.append(stored_answer(number, message.payload))
            return
        if not headers and not (call.is_stream or call.is_following):  # nearly always
            self._forget(number)
            self.to_local.append(encode_frame(Kind.REPLY, number, message.payload))
            return
        word, count = word_of(headers) if not headers.get(WORD, "").startswith("failure") else ("failure", 0)
        if word == "failure":
            self._forget(number)
            self.to_local.append(encode_frame(Kind.FAILURE, number, message.payload))
        elif call.is_following:
            assert self._mine is not None
            call.request = None
            self._topics.answered(number, message.payload, self._mine.stream_window)
        elif word == "" and not call.is_stream:
            self._forget(number)
            self.to_local.append(encode_frame(Kind.REPLY, number, message.payload))
        elif word == "stream" and not call.is_stream:
            call.is_stream, call.instance, call.request = True, message.reply, None
            self.to_local.append(encode_frame(Kind.STREAM, number, b""))
        elif word in ("item", "end") and call.is_stream:
            self._take_item(number, call, word, count, message.payload)

    def _take_item(self, number: int, call: _Call, word: str, count: int, payload: bytes) -> None:
        if word == "item" and count <= call.items:
            return  # it came twice
        if count != call.items + (word == "item"):
            self._lose(number, call)
        elif word == "item":
            call.items = count
            self.to_local.append(encode_frame(Kind.ITEM, number, payload))
        else:
            self._forget(number)
            self.to_local.append(encode_frame(Kind.END, number, b""))

    # --- in the course of time ----------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Send again what nobody was there for, and ask for calls of which nothing is heard."""
        now = self._now()
        due = [number for when, number in self._again if when <= now]
        self._again = [each for each in self._again if each[0] > now]
        for number in due:
            if not number:
                self._ask_to_open()
            elif (note := self._sent_notes.get(number)) is not None:
                self._say(note)
            elif (call := self._calls.get(number)) is not None and call.request is not None:
                self._send_again(call, now)
        if self._is_probing:
            return  # an answer may be among what has not arrived: nothing is known of who is silent
        silent = [
            (number, call)
            for number, call in self._calls.items()
            if not call.is_following and now - call.heard >= ASK_AFTER
        ]
        if not silent:
            return
        for number, call in silent:
            call.heard = now
            call.rounds += 1
            if call.is_stored:
                self._send_again(call, now)  # which does no harm: JetStream knows it by its MESSAGE_ID
            elif call.rounds > _LOST_AFTER:
                self._lose(number, call)
        if not all(call.is_stored for _, call in silent):
            self._control("ask", f"{self._inbox}.0", "", f"{self._inbox}.0")
            self._is_probing = True
            self.to_bus.append(Probe())

    def probed(self) -> None:
        """All has arrived that the NATS server had when it was last asked."""
        self._is_probing = False

    @property
    def wants_ticks(self) -> bool:
        return bool(self._calls or self._again)

    def _send_again(self, call: _Call, now: float) -> None:
        request = call.request
        assert request is not None
        if call.is_stored:
            self.to_bus.append(request)
            return
        if not call.is_following:
            word = timed("call", now, _left(call, now), begins=call.begins)
            request = request._replace(headers={**(request.headers or {}), WORD: word})
        self._say(request)

    def _lose(self, number: int, call: _Call) -> None:
        """Nobody has the call any more, and whether it was run is not known: it is sent again if that does no harm."""
        if self._waits and call.method in self._idempotent and not call.is_stream:
            call.instance, call.rounds, call.heard = "", 0, self._now()
            if self._instances:
                self._again.append((self._now(), number))
            else:
                call.is_lost = True  # and made again by the client itself, on its next connection
            return
        self._control("cancel", f"{self._inbox}.{number}", call.instance)
        self._refuse(number, ClosedByPeer(f"calling {call.method!r}"))

    def _refuse(self, number: int, error: LocalSocketError) -> None:
        self._forget(number)
        failure = failure_of_ours(error)
        assert failure is not None
        self.to_local.append(encode_frame(Kind.FAILURE, number, encode_failure(failure)))

    def _forget(self, number: int) -> None:
        call = self._calls.pop(number, None)
        if call is not None and call.is_following:
            self._topics.forget(number)

    def _do(self, action: BusAction) -> None:
        self.to_bus.append(action)

    def _give(self, frame: bytes) -> None:
        self.to_local.append(frame)


def _left(call: _Call, now: float) -> float | None:
    """Return for how many seconds a call is wanted."""
    return None if call.expires is None else max(0.0, call.expires - now)
