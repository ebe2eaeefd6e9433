"""What one instance makes of callers' messages: without a bus, without a service, and with a clock of the test's."""

from __future__ import annotations

import msgspec
import pytest

from localsocket.bridges.bus_messages import CONTENT_TYPE, JSON, SENT, TIMEOUT, WORD, BusMessage, Subjects
from localsocket.bridges.served_callers import CallerHello, KnownCaller, OtherCallers, ServiceHello
from localsocket.errors import PeerBrokeProtocol
from localsocket.wire.call_bodies import Failure, decode_call, decode_failure, encode_failure
from localsocket.wire.frames import FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import Greeting

ADD = b"\x92\x92\x02\x03\x80"  # add(2, 3)
MINE = ServiceHello(max_message=10_000, max_calls=4, service="demo.shop")


class Caller:
    """A caller, and what comes of what it sends."""

    def __init__(self) -> None:
        self.now = 1000.0  # the service's clock
        self.theirs = 5.0  # the caller's
        self.served = KnownCaller("_INBOX.ada", "_INBOX.shop.1", MINE, 8_000)
        self._frames = FrameDecoder(100_000)

    def greet(self, *, took: float = 0.001) -> None:
        self.served.say_hello(self.now)
        self.now += took
        self.theirs += took
        hello = CallerHello(max_message=5_000, stream_window=100, clock=self.theirs)
        self.served.hello(msgspec.msgpack.encode(hello), self.now)

    def call(self, number: int, *, timeout: float | None = None, is_note: bool = False, payload: bytes = ADD) -> None:
        headers = {WORD: "note" if is_note else "call"}
        if timeout is not None:
            headers |= {TIMEOUT: str(timeout), SENT: str(self.theirs)}
        self.served.request(number, "add", headers, payload, self.now, is_note=is_note)

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
    caller.served.say_hello(caller.now)
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


def test_the_time_that_a_call_was_on_its_way_is_taken_from_its_deadline() -> None:
    caller = greeted()
    caller.now += 0.75  # which the message took
    caller.call(1, timeout=2)
    ((_, _, body),) = caller.frames()
    assert decode_call(body).timeout == pytest.approx(1.25, abs=0.01)


@pytest.mark.parametrize("is_note", [False, True])
def test_a_call_that_its_caller_has_given_up_is_not_run(is_note: bool) -> None:
    caller = greeted()
    caller.now += 2.001
    caller.call(1, timeout=2, is_note=is_note)
    assert caller.frames() == []
    if not is_note:
        assert caller.failure().code == "too-late"


def test_a_greeting_that_took_long_is_made_again_before_any_call_runs() -> None:
    caller = Caller()
    caller.call(1, timeout=2)
    caller.greet(took=0.9)
    assert caller.frames() == []
    caller.greet()
    assert len(caller.frames()) == 1


def test_a_greeting_that_always_takes_long_never_makes_a_call_run_too_late() -> None:
    caller = Caller()
    caller.call(1, timeout=2)
    for _ in range(4):
        caller.greet(took=0.6)
    assert caller.frames() == []  # 2.4 seconds later
    assert caller.failure().code == "too-late"


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
    headers = {WORD: "call", TIMEOUT: seconds}
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
