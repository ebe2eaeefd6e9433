"""A client's side of the bus: the frames of our own protocol become messages, and messages frames.

Nothing here waits. The client speaks as to a local service, so that its time-outs, streams and errors are the same.
What is to be done gathers in `to_bus` and `to_local`; tick() is called from time to time.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from localsocket.bridges.bus_messages import (
    HEAD_ROOM,
    INBOX,
    NO_RESPONDERS,
    OF,
    STATUS,
    WORD,
    BusAction,
    BusMessage,
    Listen,
    Probe,
    Subjects,
    is_token,
    timed,
    whole_number,
    word_of,
)
from localsocket.bridges.call_on_bus import CallOnBus
from localsocket.bridges.calls_to_store import CallsToStore
from localsocket.bridges.durable_calls import STORE
from localsocket.bridges.known_instances import KnownInstances
from localsocket.bridges.requests import Requests, SentNotes
from localsocket.bridges.topics_on_bus import TopicsOnBus
from localsocket.errors import (
    BadArguments,
    ClosedByPeer,
    LocalSocketError,
    NoSuchMethod,
    PeerBrokeProtocol,
    ServerNotFound,
)
from localsocket.services.client_core import MOST_ATTEMPTS
from localsocket.services.failures import failure_of_ours
from localsocket.services.method import SUBSCRIBE, SUBSCRIBE_NUMBERED
from localsocket.wire.call_bodies import CallBody, decode_call, decode_count, encode_failure
from localsocket.wire.frames import FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import Greeting, decode_greeting
from localsocket.wire.serializers import UNREADABLE

ASK_AFTER = 2.0
"""Seconds without a word of a call, after which it is asked for."""

_LOST_AFTER = 3  # rounds of asking in which no instance has said that it has the call
_SEND_AGAIN = 0.05  # seconds after nobody was there for a request
_OFTEN = 1.0  # seconds in which nobody loses the last instance twice that is there for long

_decode_numbers = msgspec.msgpack.Decoder(list[int]).decode
_SUBSCRIBING = (SUBSCRIBE, SUBSCRIBE_NUMBERED)


class BusCallingSide:
    """One client's conversation with all instances of a service.

    `waits` says that a request for which nobody is there is sent again until its time is over, as it has not been run.
    `error` is why nothing more will come, `why_not` why no instance has greeted, as far as that is known.
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
        self.why_not: LocalSocketError | None = None
        self._address = address
        self._names = names
        self._inbox = inbox
        self._now = now
        self._waits = waits
        self._patience = patience
        self._sign = sign
        self._instances = KnownInstances(names, inbox, max_payload, now, self._do, self._give)
        self._decoder = FrameDecoder(self._instances.longest + HEAD_ROOM)
        self._is_searching = False
        self._is_probing = False
        self._alone_since = -math.inf
        self._calls: dict[int, CallOnBus] = {}
        self._stored = CallsToStore(
            address, names, inbox, now, sign, patience if waits else 0.0, self._do, self._give, self._refuse
        )
        self._topics = TopicsOnBus(names, inbox.encode(), self._do, self._give, self._refuse)
        self._again: list[tuple[float, int]] = []
        self._requests = Requests(names, inbox)
        self._sent_notes = SentNotes()

    # --- from the client ----------------------------------------------------------------------------------------------

    def from_local(self, data: bytes) -> None:
        """Take in what the client sends. Raises PeerBrokeProtocol."""
        for kind, number, body in self._decoder.feed(data):
            if self._instances.mine is None:
                expected = Greeting(role="service", max_message=self._instances.longest)
                self._instances.mine = decode_greeting(body, expected)
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
        if call.method in self._instances.durable:
            self._store(number, call, is_note=is_note)
            return
        now = self._now()
        if is_note:
            number = self._sent_notes.new_number()
        request, begins = self._requests.to_call(number, call, now, is_note=is_note)
        if not is_note:
            expires = None if call.timeout is None else now + call.timeout
            self._calls[number] = CallOnBus(call.method, request, expires, now, begins=begins)
        elif self._waits:
            self._sent_notes.keep(number, request)
        self._say(request)

    def _store(self, number: int, call: CallBody, *, is_note: bool) -> None:
        try:
            self._stored.begin(self._sent_notes.new_number() if is_note else number, call, is_note=is_note)
        except BadArguments as error:
            if not is_note:
                self._refuse(number, error)

    def _ask_to_open(self) -> None:
        self._say(self._requests.to_open())

    def _say(self, request: BusMessage) -> None:
        self.to_bus.append(request if self._sign is None else self._sign(request))

    def _subscribe(self, number: int, method: str, arguments: bytes) -> None:
        try:
            (topic,) = msgspec.msgpack.decode(arguments, type=tuple[str])
        except UNREADABLE:
            topic = ""
        request = self._requests.to_subscribe(number, arguments)
        self._calls[number] = CallOnBus(method, request, None, self._now(), is_following=True)
        self._topics.begin(number, topic, is_numbered=method == SUBSCRIBE_NUMBERED)
        self._say(request)

    def _cancel(self, number: int) -> None:
        call = self._calls.get(number)
        self._forget(number)
        if call is not None and not call.is_following:
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
            tail = message.subject.rpartition(".")[2]
            if tail == STORE:
                self._instances.hello_of_store(message.payload)
                return
            number = whole_number(tail)
            if (headers := message.headers) is None:
                headers = {}
            if headers.get(STATUS) == NO_RESPONDERS:
                self._nobody_there(number)
            elif number in self._stored:
                self._stored.answered(number, message.payload)
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
                self._instances.hello(message.payload, message.reply, number)
                self._is_searching = False
                self._go_on_with_lost()
                self._ask_for_topics()
            elif word == "have":
                for each in _decode_numbers(message.payload):
                    if (call := self._calls.get(each)) is not None:
                        call.heard, call.rounds, call.instance = self._now(), 0, message.reply
            elif word == "bye":
                self._bye(message.reply, _decode_numbers(message.payload))
        except UNREADABLE as error:
            raise PeerBrokeProtocol(f"the peer's {word} cannot be read: {error}") from error

    def _bye(self, instance: str, unanswered: list[int]) -> None:
        """An instance has ended: what it has not answered, it will not."""
        if not self._instances.bye(instance):
            return
        for number, call in list(self._calls.items()):
            if call.instance == instance or (number in unanswered and not call.instance):
                self._lose(number, call)
        self._look_whether_alone()

    def _go_on_with_lost(self) -> None:
        """Another instance is there, found before it was known that there was none: calls were lost with the last one.

        They end the connection, as when nobody is there, and the client counts how often it makes each; where that
        would lose calls that have not been run, they are sent again here.
        """
        lost = [(number, call) for number, call in self._calls.items() if call.is_lost]
        if lost and not self._holds_what_was_not_run():
            self.error = self.error or ClosedByPeer("it was in use")
            return
        for number, call in lost:
            call.is_lost = False
            self._repeat(number, call)

    def _holds_what_was_not_run(self) -> bool:
        return any(call.is_undecided for call in self._calls.values()) or any(
            number in self._sent_notes for _, number in self._again
        )

    def _look_whether_alone(self) -> None:
        """Without an instance that is known, look for another, and doubt what is followed."""
        if self._instances.are_there:
            return
        self._topics.doubt()
        if not self._calls and self._waits:
            return  # the next call finds another one, or waits for it
        now = self._now()
        if now - self._alone_since >= _OFTEN:
            self._ask_to_open()
        else:  # one that leaves whenever it is found: a bridge to a service that is away
            self._again.append((now + _SEND_AGAIN, 0))
        self._alone_since = now

    def _ask_for_topics(self) -> None:
        """Ask an instance for each topic that is followed: whether there is it still, and who counts its messages."""
        for call in self._calls.values():
            if call.is_following:
                assert call.request is not None
                self._say(call.request)

    def _nobody_there(self, number: int) -> None:
        """No instance is there for a request, which so has not been run."""
        if not number:
            if self._instances.are_there:
                return
            self.why_not = ServerNotFound(self._address)
            # What has not been run is not lost. A search that has begun goes on: calls that come meanwhile take part.
            is_open = self._instances.is_open
            self._is_searching = self._waits and (not is_open or self._is_searching or self._holds_what_was_not_run())
            if self._is_searching:
                self._again.append((self._now() + _SEND_AGAIN, 0))
                self._instances.ask_store()
            elif not (self._waits and self._instances.durable):  # of which the calls need no instance
                lost = ClosedByPeer("it was in use") if is_open else self.why_not
                self.error = self.error or lost
            return
        if number in self._stored:
            self._stored.nobody_there(number)
            return
        now = self._now()
        if number in self._sent_notes:
            self._again.append((now + _SEND_AGAIN, number))
        if (call := self._calls.get(number)) is None or call.is_stream:
            return
        if call.is_following and self._topics.has_begun(number):
            if self._instances.are_there:  # as far as is known: they are gone without a word
                self._instances.forget_all()
                self._look_whether_alone()
            return
        if call.searching_until is None:
            call.searching_until = math.inf if self._patience is None else now + self._patience
        if self._waits and now < call.searching_until:  # whoever called sees to its deadline
            self._again.append((now + _SEND_AGAIN, number))
        else:
            self._refuse(number, ServerNotFound(self._address))

    def _say_whether_wanted(self, number: int, instance: str, headers: dict[str, str]) -> None:
        """An instance has a call that may have been held back on its way, and runs it if it is told to."""
        _, question = word_of(headers)
        of = f"{self._inbox}.{number}"
        if (call := self._calls.get(number)) is None or call.is_lost:
            self._control("cancel", of, instance)
            return
        now = self._now()
        call.heard, call.rounds = now, 0
        word = timed(f"go {question}", now, call.left(now))
        self.to_bus.append(BusMessage(instance, b"", {WORD: word, OF: of}))

    def _take_answer(self, number: int, call: CallOnBus, message: BusMessage, headers: dict[str, str]) -> None:
        is_failure = headers.get(WORD, "").startswith("failure")
        word, count = ("failure", 0) if is_failure else word_of(headers) if headers else ("", 0)
        if call.is_following and not is_failure:
            assert self._instances.mine is not None
            self._topics.answered(number, message.payload, self._instances.mine.stream_window)
            return
        try:
            frame = call.take(number, word, count, message)
        except LookupError:
            self._lose(number, call)
            return
        if call.is_over:
            self._forget(number)
        if frame is not None:
            self.to_local.append(frame)

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
                self._say(call.renewed(now))
        self._stored.tick()
        if self._is_probing:
            return  # an answer may be among what has not arrived: nothing is known of who is silent
        if self._instances.forget_silent():
            self._look_whether_alone()
        silent = [
            (number, call)
            for number, call in self._calls.items()
            if not call.is_following and now - call.heard >= ASK_AFTER
        ]
        for number, call in silent:
            call.heard = now
            call.rounds += 1
            if call.rounds > _LOST_AFTER:
                self._lose(number, call)
        if silent:
            self._control("ask", f"{self._inbox}.0", "", f"{self._inbox}.0")
        if silent or self._instances.are_in_doubt:
            self._is_probing = True
            self.to_bus.append(Probe())

    def probed(self) -> None:
        """All has arrived that the NATS server had when it was last asked."""
        self._is_probing = False

    @property
    def wants_ticks(self) -> bool:
        return bool(self._calls or self._stored or self._again)

    def _lose(self, number: int, call: CallOnBus) -> None:
        """Nobody has the call any more, and whether it was run is not known: it is sent again if that does no harm."""
        may_repeat = self._waits and call.method in self._instances.idempotent and not call.is_stream
        if may_repeat and call.attempts < MOST_ATTEMPTS:
            call.instance, call.rounds, call.heard = "", 0, self._now()
            if self._instances.are_there:
                self._repeat(number, call)
            else:
                call.is_lost = True  # and made again by the client itself, on its next connection
            return
        self._control("cancel", f"{self._inbox}.{number}", call.instance)
        self._refuse(number, ClosedByPeer(f"calling {call.method!r}", attempts=call.attempts))

    def _repeat(self, number: int, call: CallOnBus) -> None:
        call.attempts += 1
        self._again.append((self._now(), number))

    def _refuse(self, number: int, error: LocalSocketError) -> None:
        self._forget(number)
        failure = failure_of_ours(error)
        assert failure is not None
        self.to_local.append(encode_frame(Kind.FAILURE, number, encode_failure(failure)))

    def _forget(self, number: int) -> None:
        call = self._calls.pop(number, None)
        if call is None:
            self._stored.forget(number)
        elif call.is_following:
            self._topics.forget(number)

    def _do(self, action: BusAction) -> None:
        self.to_bus.append(action)

    def _give(self, frame: bytes) -> None:
        self.to_local.append(frame)
