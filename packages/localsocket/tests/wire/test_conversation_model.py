"""Both halves of a conversation against a model, over a pipe that cuts bytes anywhere, in every order of steps."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from localsocket.errors import PeerBrokeProtocol, TooLongToSend
from localsocket.wire.answerer import AnsweredCall, Answerer
from localsocket.wire.call_bodies import Failure
from localsocket.wire.caller import Caller, OpenCall
from localsocket.wire.frames import HEADER_SIZE, Kind
from localsocket.wire.greeting import Greeting
from wire.building import pack

LAST = 2**32 - 1
SERVICE_TAKES = 120
CLIENT_TAKES = 100

# Around the limits of both sides, and around a window of 40 bytes.
sizes = st.sampled_from([0, 1, 20, 90, 99]) | st.just(CLIENT_TAKES + 1)


@dataclass
class Conversed:
    """One call as the model knows it: what its caller has been given, and what its answerer still may do."""

    call: OpenCall
    said: tuple[str, float | None, bytes]
    is_open: bool = True  # for the caller
    is_ancient: bool = False  # its number may be given again as soon as it is over
    answer: AnsweredCall | None = None  # once it has arrived
    is_served: bool = False  # its answerer may still send
    is_stream: bool = False  # its answerer has said so
    may_send: int = 0
    arrived: deque[bytes] = field(default_factory=deque)
    outcome: object = None


Event = tuple[Kind, Conversed, object]


class Pipe:
    """Bytes on their way, and what the frames among them mean once their last byte has arrived."""

    def __init__(self) -> None:
        self.data = b""
        self.meanings: deque[tuple[int, Event]] = deque()
        self.written = self.delivered = 0
        self.ends = {0}

    def write(self, frame: bytes, meaning: Event | None = None) -> None:
        assert frame
        self.data += frame
        self.written += len(frame)
        self.ends.add(self.written)
        if meaning is not None:
            self.meanings.append((self.written, meaning))

    def take(self, count: int) -> tuple[bytes, list[Event]]:
        piece, self.data = self.data[:count], self.data[count:]
        self.delivered += len(piece)
        meant = []
        while self.meanings and self.meanings[0][0] <= self.delivered:
            meant.append(self.meanings.popleft()[1])
        return piece, meant

    @property
    def is_between_frames(self) -> bool:
        return self.delivered in self.ends


class Conversation(RuleBasedStateMachine):
    @initialize(window=st.sampled_from([1, 40, 1000]), calls=st.integers(1, 4), are_greeted=st.booleans())
    def greet(self, window: int, calls: int, are_greeted: bool) -> None:
        self.window, self.max_calls = window, calls
        self.all: list[Conversed] = []
        self.unanswered: list[Conversed] = []
        self.connect()
        if are_greeted:
            self.everything_arrives()

    def connect(self) -> None:
        self.caller = Caller(Greeting(role="client", max_message=CLIENT_TAKES, stream_window=self.window))
        self.answerer = Answerer(Greeting(role="service", max_message=SERVICE_TAKES, max_calls=self.max_calls))
        self.to_service, self.to_client = Pipe(), Pipe()
        self.to_service.write(self.caller.mine.encode())
        self.to_client.write(self.answerer.mine.encode())
        self.last = 0
        self.is_over = False

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is on its way."""
        return not self.to_service.data and not self.to_client.data

    # --- the calling side ---------------------------------------------------------------------------------------------

    def open_calls(self) -> list[Conversed]:
        return [each for each in self.all if each.is_open]

    @precondition(lambda self: not self.is_over and self.caller.has_room)
    @rule(size=st.sampled_from([0, 30, SERVICE_TAKES]), timeout=st.none() | st.floats(0, 10))
    def begin(self, size: int, timeout: float | None) -> None:
        arguments = (bytes(size),)
        length = len(pack(("echo", timeout, arguments)))
        if length > SERVICE_TAKES:
            with pytest.raises(TooLongToSend) as refused:
                self.caller.begin("echo", timeout, arguments)
            assert (refused.value.length, refused.value.limit) == (length, SERVICE_TAKES)
            return
        call = self.caller.begin("echo", timeout, arguments)
        used = {each.call.number for each in self.open_calls()}
        following = itertools.chain(range(self.last + 1, LAST + 1), range(1, LAST))
        self.last = next(number for number in following if number not in used)
        assert call.number == self.last
        self.all.append(conversed := Conversed(call, ("echo", timeout, pack(arguments))))
        self.to_service.write(call.frame, (Kind.CALL, conversed, conversed.said))

    @precondition(lambda self: not self.is_over and self.caller.peer is not None)
    @rule(size=st.sampled_from([0, 30]))
    def notify(self, size: int) -> None:
        frame = self.caller.notify("log", (bytes(size),))
        self.to_service.write(frame, (Kind.NOTIFICATION, None, pack((bytes(size),))))  # type: ignore[arg-type]

    @precondition(lambda self: not self.is_over and self.all)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        conversed = data.draw(st.sampled_from(self.all[-4:]))
        if conversed.is_open and conversed.is_ancient:
            return  # an answer that is on its way would be taken for that of the next call of this number
        frame = self.caller.cancel(conversed.call)
        assert bool(frame) == conversed.is_open
        if frame:
            conversed.is_open = False
            self.to_service.write(frame, (Kind.CANCEL, conversed, None))
        assert conversed.call.is_over

    @precondition(lambda self: any(each.call.items is not None for each in self.all))
    @rule(data=st.data())
    def take_item(self, data: st.DataObject) -> None:
        conversed = data.draw(st.sampled_from([each for each in self.all if each.call.items is not None][-4:]))
        taken = self.caller.take_item(conversed.call)
        if not conversed.arrived:
            assert taken is None
            return
        assert taken is not None
        body, credit = taken
        assert body == conversed.arrived.popleft()
        if credit:
            assert conversed.is_open
            self.to_service.write(credit, (Kind.CREDIT, conversed, None))

    @precondition(lambda self: not self.is_over and self.last < LAST - 100 and self.is_quiet)
    @rule(before_the_end=st.integers(0, 3))
    def make_four_thousand_million_calls(self, before_the_end: int) -> None:
        self.last = self.caller._last = LAST - before_the_end
        for conversed in self.all:
            conversed.is_ancient = True

    # --- the answering side -------------------------------------------------------------------------------------------

    def served(self) -> list[Conversed]:
        return [each for each in self.all if each.is_served]

    @precondition(lambda self: self.served())
    @rule(data=st.data(), size=sizes)
    def reply(self, data: st.DataObject, size: int) -> None:
        conversed = data.draw(st.sampled_from(self.served()))
        assert conversed.answer is not None
        if conversed.is_stream:
            return
        if size > CLIENT_TAKES:
            with pytest.raises(TooLongToSend):
                self.answerer.reply(conversed.answer, bytes(size))
            return
        frame = self.answerer.reply(conversed.answer, bytes(size))
        self.to_client.write(frame, (Kind.REPLY, conversed, bytes(size)))
        self.ended(conversed)

    @precondition(lambda self: self.served())
    @rule(data=st.data(), size=sizes)
    def fail(self, data: st.DataObject, size: int) -> None:
        conversed = data.draw(st.sampled_from(self.served()))
        assert conversed.answer is not None
        failure = Failure("raised", "x" * size, {"size": size})
        frame = self.answerer.fail(conversed.answer, failure)
        assert len(frame) - HEADER_SIZE <= CLIENT_TAKES
        fits = len(pack(["raised", "x" * size, {"size": size}])) <= CLIENT_TAKES
        self.to_client.write(frame, (Kind.FAILURE, conversed, failure if fits else None))
        self.ended(conversed)

    @precondition(lambda self: self.served())
    @rule(data=st.data())
    def open_stream(self, data: st.DataObject) -> None:
        conversed = data.draw(st.sampled_from(self.served()))
        assert conversed.answer is not None
        if not conversed.is_stream:
            conversed.is_stream = True
            self.to_client.write(self.answerer.open_stream(conversed.answer), (Kind.STREAM, conversed, None))

    @precondition(lambda self: any(each.is_stream and each.may_send > 0 for each in self.served()))
    @rule(data=st.data(), size=sizes)
    def item(self, data: st.DataObject, size: int) -> None:
        conversed = data.draw(st.sampled_from([e for e in self.served() if e.is_stream and e.may_send > 0]))
        assert conversed.answer is not None
        if size > CLIENT_TAKES:
            with pytest.raises(TooLongToSend):
                self.answerer.item(conversed.answer, bytes(size))
            return
        self.to_client.write(self.answerer.item(conversed.answer, bytes(size)), (Kind.ITEM, conversed, bytes(size)))
        conversed.may_send -= HEADER_SIZE + size

    @precondition(lambda self: any(each.is_stream for each in self.served()))
    @rule(data=st.data())
    def end_stream(self, data: st.DataObject) -> None:
        conversed = data.draw(st.sampled_from([each for each in self.served() if each.is_stream]))
        assert conversed.answer is not None
        self.to_client.write(self.answerer.end_stream(conversed.answer), (Kind.END, conversed, None))
        self.ended(conversed)

    @precondition(lambda self: any(each.answer is not None and not each.is_served for each in self.all))
    @rule(data=st.data())
    def answer_what_is_over(self, data: st.DataObject) -> None:
        over = [each.answer for each in self.all if each.answer is not None and not each.is_served]
        answer = data.draw(st.sampled_from(over[-4:]))
        assert self.answerer.reply(answer, b"") == b""
        assert self.answerer.fail(answer, Failure("failed", "")) == b""
        assert self.answerer.open_stream(answer) == b""
        assert self.answerer.item(answer, b"") == b""
        assert self.answerer.end_stream(answer) == b""

    def ended(self, conversed: Conversed) -> None:
        assert conversed.answer is not None
        assert conversed.answer.is_over
        conversed.is_served = False

    # --- arriving -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.is_over and self.to_service.data)
    @rule(count=st.integers(1, 30))
    def bytes_reach_the_service(self, count: int) -> None:
        piece, meant = self.to_service.take(count)
        requests = self.answerer.feed(piece)
        got = [(Kind(kind), answer) for kind, answer in requests]
        for kind, conversed, value in meant:
            if kind is Kind.CALL:
                seen, answer = got.pop(0)
                assert (seen, answer.number) == (Kind.CALL, conversed.call.number)
                assert (answer.body.method, answer.body.timeout, bytes(answer.body.arguments)) == value
                conversed.answer, conversed.is_served, conversed.may_send = answer, True, self.window
            elif kind is Kind.NOTIFICATION:
                seen, answer = got.pop(0)
                assert (seen, answer.number, answer.is_over) == (Kind.NOTIFICATION, 0, True)
                assert bytes(answer.body.arguments) == value
            elif conversed.is_served:
                assert got.pop(0) == (kind, conversed.answer)
                if kind is Kind.CANCEL:
                    self.ended(conversed)
                else:
                    assert conversed.answer is not None
                    conversed.may_send = conversed.answer.credit
        assert not got

    @precondition(lambda self: not self.is_over and self.to_client.data)
    @rule(count=st.integers(1, 30))
    def bytes_reach_the_client(self, count: int) -> None:
        piece, meant = self.to_client.take(count)
        news = self.caller.feed(piece)
        expected = []
        for kind, conversed, value in meant:
            if not conversed.is_open:
                continue
            expected.append(conversed.call)
            if kind is Kind.ITEM:
                assert isinstance(value, bytes)
                conversed.arrived.append(value)
            elif kind is not Kind.STREAM:
                conversed.is_open = False
                conversed.outcome = (kind, value)
        assert news == expected

    @precondition(lambda self: not self.is_over)
    @rule()
    def everything_arrives(self) -> None:
        self.bytes_reach_the_service(1 << 20)
        self.bytes_reach_the_client(1 << 20)

    # --- ending -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.is_over)
    @rule()
    def the_connection_breaks(self) -> None:
        for end, pipe in ((self.caller, self.to_client), (self.answerer, self.to_service)):
            if pipe.is_between_frames:
                end.check_end()
            else:
                with pytest.raises(PeerBrokeProtocol, match="bytes of a frame"):
                    end.check_end()
        assert self.caller.abandon() == [each.call for each in self.open_calls()]
        assert self.answerer.abandon() == [each.answer for each in self.all if each.is_served]
        self.unanswered = [each for each in self.open_calls() if not each.call.is_answered]
        for conversed in self.all:
            if conversed.is_served:
                self.ended(conversed)
            conversed.is_open = False
            conversed.call.is_over = conversed not in self.unanswered  # as a face has it
        self.to_service, self.to_client = Pipe(), Pipe()
        self.is_over = True

    @precondition(lambda self: self.is_over)
    @rule()
    def what_was_not_answered_is_repeated_on_the_next_connection(self) -> None:
        self.connect()
        frames = self.caller.reopen([each.call for each in self.unanswered])
        assert frames == b"".join(each.call.frame for each in self.unanswered)
        for conversed in self.unanswered:
            conversed.is_open, conversed.is_stream = True, False
            self.to_service.write(conversed.call.frame, (Kind.CALL, conversed, conversed.said))
        self.last = max((each.call.number for each in self.unanswered), default=0)

    # --- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def both_know_the_calls_that_are_open(self) -> None:
        assert self.caller.open_calls == len(self.open_calls())
        assert self.answerer.open_calls == len(self.served())
        assert list(self.answerer.answers) == [each.answer for each in self.all if each.is_served]
        assert self.caller.has_room == (self.caller.peer is not None and len(self.open_calls()) < self.max_calls)

    @invariant()
    def each_call_is_as_the_model_has_it(self) -> None:
        for conversed in self.all:
            call = conversed.call
            if not self.is_over:
                assert call.is_over == (not conversed.is_open)
            assert list(call.items or ()) == list(conversed.arrived)
            match conversed.outcome:
                case (Kind.REPLY, body):
                    assert (call.body, call.failure, call.is_stream) == (body, None, False)
                case (Kind.FAILURE, None):
                    assert call.failure is not None
                    assert (call.failure.code, call.failure.parts) == ("failed", {})
                case (Kind.FAILURE, failure):
                    assert (call.body, call.failure) == (None, failure)
                case (Kind.END, _):
                    assert (call.body, call.failure, call.is_stream) == (None, None, True)
                case None:
                    assert (call.body, call.failure) == (None, None)

    @invariant()
    def no_stream_is_ever_stuck_and_none_is_held_beyond_its_window(self) -> None:
        for conversed in self.all:
            held = sum(len(body) + HEADER_SIZE for body in conversed.arrived)
            assert held < self.window + HEADER_SIZE + CLIENT_TAKES
            if conversed.is_served:
                assert conversed.answer is not None
                assert conversed.answer.credit == conversed.may_send
                if not conversed.arrived and self.is_quiet:
                    assert conversed.may_send > 0


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=100, stateful_step_count=50)
