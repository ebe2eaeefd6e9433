"""What one instance makes of callers' messages: without a bus, without a service, and with a clock of the test's."""

from __future__ import annotations

import msgspec
import pytest

from localsocket.bridges.bus_messages import (
    CONTENT_TYPE,
    JSON,
    WORD,
    BusMessage,
    CallerHello,
    ServiceHello,
    Subjects,
    timed,
    times_of,
)
from localsocket.bridges.clocks import OtherClock
from localsocket.bridges.known_caller import KnownCaller
from localsocket.bridges.other_callers import OtherCallers
from localsocket.errors import PeerBrokeProtocol
from localsocket.wire.call_bodies import Failure, decode_call, decode_failure, encode_failure
from localsocket.wire.frames import FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import Greeting

ADD = b"\x92\x92\x02\x03\x80"  # add(2, 3)
MINE = ServiceHello(max_message=10_000, max_calls=4, service="demo.shop")


class Caller:
    """A caller, and what comes of what it sends."""

    def __init__(self, *, comes_again: bool = False) -> None:
        self.now = 1000.0  # the service's clock
        self.theirs = 5.0  # the caller's
        self.served = KnownCaller("_INBOX.ada", "_INBOX.shop.1", MINE, 8_000, comes_again=comes_again)
        self._frames = FrameDecoder(100_000)

    def greet(self, *, took: float = 0.001) -> None:
        self.served.say_hello(self.now)
        number = self.last_number("hello")
        self.wait(took)
        self.hello(number)

    def hello(self, number: int) -> None:
        hello = CallerHello(max_message=5_000, stream_window=100, clock=self.theirs)
        self.served.hello(number, msgspec.msgpack.encode(hello), self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.theirs += seconds

    def call(
        self,
        number: int,
        *,
        timeout: float | None = None,
        is_note: bool = False,
        payload: bytes = ADD,
        held_back: float = 0.0,
    ) -> None:
        headers = {WORD: timed("note" if is_note else "call", self.theirs, timeout)}
        self.wait(held_back)
        self.served.request(number, "add", headers, payload, self.now, is_note=is_note)

    def last_number(self, word: str) -> int:
        """Return the number that the last message with that word has."""
        told = [(each.headers or {}).get(WORD, "") for each in self.served.to_bus if isinstance(each, BusMessage)]
        return [int(each.removeprefix(word)) for each in told if each.startswith(word)][-1]

    def go(self, number: int, question: int, *, left: float | None = None) -> None:
        said = timed(f"go {question}", self.theirs, left)
        self.served.go(number, question, times_of(said.split(" ")[2:]), self.now)

    def frames(self) -> list[tuple[int, int, bytes]]:
        data, self.served.to_service = b"".join(self.served.to_service), []
        return [(kind, number, bytes(body)) for kind, number, body in self._frames.feed(data) if kind != Kind.GREETING]

    def answers(self) -> list[BusMessage]:
        actions, self.served.to_bus = self.served.to_bus, []
        return [action for action in actions if isinstance(action, BusMessage) and action.subject != "_INBOX.ada.0"]

    def failure(self) -> Failure:
        (answer,) = self.answers()
        assert (answer.headers or {})[WORD] == f"failure {decode_failure(answer.payload).code}"
        return decode_failure(answer.payload)


def greeted() -> Caller:
    caller = Caller()
    caller.greet()
    return caller


def from_service(caller: Caller, *frames: bytes) -> None:
    for frame in frames:
        caller.served.from_service(frame)


def begin_service(caller: Caller) -> None:
    caller.served.from_service(Greeting(role="service", max_message=1).encode())


def test_a_call_waits_until_its_caller_has_answered_the_greeting() -> None:
    caller = Caller()
    caller.call(1, timeout=2)
    assert caller.frames() == []
    caller.greet()
    ((kind, number, body),) = caller.frames()
    assert (kind, number) == (Kind.CALL, 1)
    assert decode_call(body).method == "add"
    assert bytes(decode_call(body).arguments) == b"\x92\x02\x03"


def test_a_call_that_comes_twice_runs_once() -> None:
    caller = greeted()
    for number in (1, 2, 1, 2):
        caller.call(number)
    assert [number for _, number, _ in caller.frames()] == [1, 2]


def test_a_call_of_a_caller_that_comes_again_runs_if_it_is_wanted_still() -> None:
    """It may have run when the caller was here before, since when its numbers have been forgotten."""
    caller = Caller(comes_again=True)
    caller.call(1)
    caller.greet()
    assert caller.frames() == []
    caller.go(1, caller.last_number("wanted"))
    caller.wait(0.01)
    caller.call(2)
    assert [number for _, number, _ in caller.frames()] == [1, 2]


def test_the_time_that_a_call_was_on_its_way_is_taken_from_its_deadline() -> None:
    caller = greeted()
    caller.call(1, timeout=2, held_back=0.05)
    ((_, _, body),) = caller.frames()
    assert decode_call(body).timeout == pytest.approx(1.95, abs=0.01)


@pytest.mark.parametrize("timeout", [2.0, None])
def test_a_call_that_was_held_back_runs_when_its_caller_says_that_it_is_wanted(timeout: float | None) -> None:
    caller = greeted()
    caller.call(1, timeout=timeout, held_back=0.5)
    assert caller.frames() == []
    question = caller.last_number("wanted")
    caller.wait(0.01)
    caller.go(1, question, left=None if timeout is None else 1.5)
    ((_, number, body),) = caller.frames()
    assert number == 1
    assert decode_call(body).timeout == (None if timeout is None else pytest.approx(1.49, abs=0.001))
    caller.go(1, question)
    assert caller.frames() == []


def test_a_call_of_which_half_the_time_has_passed_is_asked_about_however_short_that_is() -> None:
    caller = greeted()
    caller.call(1, timeout=0.02, held_back=0.015)
    caller.call(2, timeout=0.02, held_back=0.001)
    assert [number for _, number, _ in caller.frames()] == [2]


@pytest.mark.parametrize("held_back", [0.5, 3.0])
def test_a_call_that_its_caller_has_given_up_while_it_was_held_back_is_not_run(held_back: float) -> None:
    caller = greeted()
    caller.call(1, timeout=2, held_back=held_back)
    question = caller.last_number("wanted")
    caller.served.cancel(1)  # what its caller says to that
    caller.go(1, question, left=1.0)
    assert caller.frames() == []
    assert caller.served.unanswered == []


def test_a_word_that_was_held_back_itself_is_asked_for_again() -> None:
    caller = greeted()
    caller.call(1, held_back=1)
    first = caller.last_number("wanted")
    caller.wait(1)
    caller.go(1, first)
    assert caller.frames() == []
    second = caller.last_number("wanted")
    assert second != first
    caller.wait(0.01)
    caller.go(1, second)
    assert len(caller.frames()) == 1


def test_a_word_that_takes_longer_than_the_call_may_is_too_late() -> None:
    caller = greeted()
    caller.call(1, timeout=0.1, held_back=0.09)
    question = caller.last_number("wanted")
    caller.answers()
    caller.wait(0.02)
    caller.go(1, question, left=0.01)
    assert caller.frames() == []
    assert caller.failure().code == "too-late"


def test_where_every_round_trip_is_long_calls_run_all_the_same() -> None:
    caller = Caller()
    caller.call(1)
    caller.greet(took=0.3)
    for _ in range(2):
        question = caller.last_number("wanted")
        caller.wait(0.3)
        caller.go(1, question)
    caller.call(2, held_back=0.15)
    assert [number for _, number, _ in caller.frames()] == [1, 2]


def test_a_clock_that_stood_still_makes_no_call_late() -> None:
    """As that of a machine that slept: what its clock shows is a question, and no answer."""
    caller = greeted()
    caller.now += 3600
    caller.call(1, timeout=2)
    caller.go(1, caller.last_number("wanted"), left=2.0)
    assert len(caller.frames()) == 1


def test_a_call_that_does_not_say_when_it_was_sent_is_asked_about() -> None:
    caller = greeted()
    caller.served.request(1, "add", {WORD: "call"}, ADD, caller.now, is_note=False)
    assert caller.frames() == []
    caller.go(1, caller.last_number("wanted"))
    assert len(caller.frames()) == 1


def test_a_caller_that_asks_for_its_calls_is_asked_again_whether_it_wants_them() -> None:
    caller = greeted()
    caller.call(1, held_back=1)
    caller.served.to_bus.clear()  # they are lost on the way
    caller.served.say_have(caller.now)
    caller.go(1, caller.last_number("wanted"))
    assert len(caller.frames()) == 1


def test_a_notification_is_run_though_nobody_wants_it_any_more_but_not_after_its_time() -> None:
    caller = greeted()
    caller.call(2**31, is_note=True, held_back=3)
    assert len(caller.frames()) == 1
    caller.call(2**31 + 1, timeout=2, is_note=True, held_back=3)
    assert caller.frames() == []


def test_an_answer_to_an_earlier_greeting_says_nothing_of_the_clock() -> None:
    caller = greeted()
    caller.served.say_hello(caller.now)
    first = caller.last_number("hello")
    caller.wait(5)
    caller.served.say_hello(caller.now)
    caller.theirs -= 5  # the answer was written when the first one came, and held back since
    caller.hello(first)
    caller.theirs += 5
    caller.call(1, timeout=2, held_back=1.5)
    assert caller.frames() == []


def test_the_age_of_a_message_is_never_too_small() -> None:
    clock = OtherClock()
    clock.note(100.0, 101.0, 7.0)
    assert clock.most_age(8.0, 102.0) >= 1.0  # it showed 8 at the latest when ours showed 102
    assert clock.most_age(8.0, 102.0) == pytest.approx(1.0, abs=0.01)
    clock.note(110.0, 110.1, 16.0)
    assert clock.most_age(17.0, 112.0) == pytest.approx(1.0, abs=0.01)
    clock.note(120.0, 125.0, 26.0)  # which took longer, and so says less
    assert clock.most_age(27.0, 122.0) == pytest.approx(1.0, abs=0.02)


def test_a_cancel_that_overtakes_its_call_holds() -> None:
    caller = greeted()
    caller.served.cancel(1)
    caller.call(1)
    caller.call(2)
    assert [number for _, number, _ in caller.frames()] == [2]


def test_calls_before_the_greeting_are_limited() -> None:
    caller = Caller()
    for number in range(1, 6):
        caller.call(number)
    assert caller.failure().code == "too-many-calls"


def test_calls_that_wait_for_their_callers_word_may_be_as_large_as_many_under_way() -> None:
    caller = greeted()
    for number in (1, 2, 3):
        caller.call(number, payload=b"\x92" + bytes(2_000_000), held_back=1)
    assert caller.served.unanswered == [1, 2, 3]


def test_calls_of_who_has_not_greeted_may_not() -> None:
    caller = Caller()
    for number in (1, 2):
        caller.call(number, payload=b"\x92" + bytes(2_000_000))
    assert caller.failure().code == "too-many-calls"


def test_items_are_numbered_and_a_stream_is_ended_by_its_count() -> None:
    caller = greeted()
    caller.call(1)
    begin_service(caller)
    stream = [encode_frame(Kind.ITEM, 1, b"\x07"), encode_frame(Kind.ITEM, 1, b"\x08"), encode_frame(Kind.END, 1, b"")]
    from_service(caller, encode_frame(Kind.STREAM, 1, b""), *stream)
    words = [(answer.headers or {})[WORD] for answer in caller.answers()]
    assert words == ["stream", "item 1", "item 2", "end 2"]


@pytest.mark.parametrize("count", [0, -1, 2**40])
def test_credit_that_nobody_can_grant_is_refused(count: int) -> None:
    with pytest.raises(PeerBrokeProtocol):
        greeted().served.credit(1, count)


@pytest.mark.parametrize("payload", [b"", b"\x93\x01", b"\x80", b"[2, 3]"])
def test_what_are_no_arguments_are_refused_and_cost_nobody_else(payload: bytes) -> None:
    caller = greeted()
    caller.call(1, payload=payload)
    assert caller.frames() == []
    assert caller.failure().code == "bad-arguments"


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon", ""])
def test_seconds_that_are_none_are_refused(seconds: str) -> None:
    headers = {WORD: f"call 5.0 {seconds}"}
    with pytest.raises(PeerBrokeProtocol):
        greeted().served.request(1, "add", headers, ADD, 0.0, is_note=False)


def test_other_callers_give_and_get_json() -> None:
    others = OtherCallers(4, 8_000, 100)
    others.to_service.clear()
    others.request("add", {}, b'{"a": 2, "b": 3}', "_INBOX.x")
    others.request("add", {}, b"[2, 3]", "_INBOX.y")
    frames = FrameDecoder(10_000)
    frames.feed(Greeting(role="client", max_message=1).encode())
    calls = [decode_call(body) for _, _, body in frames.feed(b"".join(others.to_service))]
    assert [(bytes(call.arguments), bytes(call.named)) for call in calls] == [
        (b"\x90", msgspec.msgpack.encode({"a": 2, "b": 3})),
        (b"\x92\x02\x03", b"\x80"),
    ]
    others.from_service(Greeting(role="service", max_message=1).encode() + encode_frame(Kind.REPLY, 2, b"\x05"))
    assert others.to_bus == [BusMessage("_INBOX.y", b"5", {CONTENT_TYPE: JSON})]


def test_a_stream_for_who_cannot_grant_is_cancelled_and_said() -> None:
    others = OtherCallers(4, 8_000, 100)
    others.request("count", {}, b"[2]", "_INBOX.x")
    others.to_service.clear()
    others.from_service(Greeting(role="service", max_message=1).encode() + encode_frame(Kind.STREAM, 1, b""))
    assert others.to_service == [encode_frame(Kind.CANCEL, 1, b"")]
    (failed,) = others.to_bus
    assert isinstance(failed, BusMessage)
    assert (failed.headers or {})[WORD] == "failure failed"


def test_more_calls_of_others_than_the_service_takes_at_once_are_refused() -> None:
    others = OtherCallers(1, 8_000, 100)
    for reply in ("_INBOX.x", "_INBOX.y"):
        others.request("add", {}, b"[2]", reply)
    (refused,) = others.to_bus
    assert isinstance(refused, BusMessage)
    assert refused.subject == "_INBOX.y"


def test_a_long_failure_is_told_in_a_header_that_is_not() -> None:
    caller = greeted()
    caller.call(1)
    begin_service(caller)
    from_service(caller, encode_frame(Kind.FAILURE, 1, encode_failure(Failure("failed", "x" * 4_000))))
    (answer,) = caller.answers()
    assert max(map(len, (answer.headers or {}).values())) <= 1024


def test_names_with_dots_never_meet() -> None:
    subjects = {Subjects(*parts).call(method) for *parts, method in (["a.b", "c"], ["a", "b.c"], ["a", "call.b.c"])}
    assert len(subjects) == 3
    assert Subjects("a.b").method(Subjects("a.b").call("deep.sea")) == "deep.sea"
