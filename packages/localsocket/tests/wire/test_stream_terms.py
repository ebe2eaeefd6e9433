"""A window of a stream in items: what a client asks for, what a service keeps to, and what neither lets pass."""

from __future__ import annotations

import pytest

from localsocket.errors import PeerBrokeProtocol, Unsupported
from localsocket.wire.answerer import AnsweredCall, Answerer
from localsocket.wire.caller import Caller
from localsocket.wire.greeting import Greeting
from localsocket.wire.stream_terms import BEGINS_IN_TIME, STREAM_TERMS, StreamTerms
from wire.building import CALL, CREDIT, END, ITEM, STREAM, frame, greeting, pack

MIB = 1 << 20


def new_caller(*capabilities: str, window: int = 1000) -> Caller:
    caller = Caller(Greeting(role="client", max_message=MIB, stream_window=window))
    caller.feed(greeting("service", max_calls=10, service="demo", capabilities=list(capabilities)))
    return caller


def new_answerer(window: int = 1000) -> Answerer:
    answerer = Answerer(Greeting(role="service", max_message=MIB, max_calls=10))
    answerer.feed(greeting("client", stream_window=window))
    return answerer


def answered(answerer: Answerer, carrier: dict[str, str]) -> AnsweredCall:
    [(_, answer)] = answerer.feed(frame(CALL, 1, pack(("jobs", 1.5, (), {}, carrier))))
    return answer


# --- what is asked for ------------------------------------------------------------------------------------------------


def test_the_terms_travel_with_the_call_beside_what_a_tracer_sends_along() -> None:
    caller = new_caller(STREAM_TERMS)
    trace = {"traceparent": "00-1"}
    call = caller.begin("jobs", 1.5, (), None, trace, StreamTerms(3, begins_in_time=True))
    carrier = {"traceparent": "00-1", "localsocket.prefetch": "3", "localsocket.timeout": "begin"}
    assert call.frame == frame(CALL, 1, pack(("jobs", 1.5, (), {}, carrier)))
    assert trace == {"traceparent": "00-1"}


def test_a_service_takes_the_terms_and_leaves_the_tracers_part() -> None:
    carrier = {"localsocket.prefetch": "3", "traceparent": "00-1", "localsocket.timeout": "begin"}
    answer = answered(new_answerer(), carrier)
    assert (answer.terms, answer.body.carrier) == (StreamTerms(3, begins_in_time=True), {"traceparent": "00-1"})
    assert answered(new_answerer(), {"localsocket.timeout": "begin"}).terms == BEGINS_IN_TIME
    assert answered(new_answerer(), {"localsocket.timeout": "of a later version"}).terms == StreamTerms()


@pytest.mark.parametrize("wrong", ["", "0", "-1", "1.5", " 1", "1_0", "\u0661", "one", "9" * 5000])
def test_a_window_that_is_no_number_of_items_breaks_the_protocol(wrong: str) -> None:
    with pytest.raises(PeerBrokeProtocol, match="items") as refused:
        answered(new_answerer(), {"localsocket.prefetch": wrong})
    assert len(str(refused.value)) < 1000


def test_a_window_in_items_is_not_asked_of_a_service_that_would_not_see_it() -> None:
    caller = new_caller("of a later version")
    with pytest.raises(Unsupported, match=r"'demo' does not know prefetch=.*'jobs'"):
        caller.begin("jobs", None, (), None, None, StreamTerms(1))
    assert caller.open_calls == 0
    assert caller.begin("jobs", 1.5, (), None, None, BEGINS_IN_TIME).frame == frame(CALL, 1, pack(("jobs", 1.5, ())))


# --- what may be sent -------------------------------------------------------------------------------------------------


def test_a_service_may_send_what_the_window_has_room_for_in_items_and_in_bytes() -> None:
    answerer = new_answerer(window=40)
    answer = answered(answerer, {"localsocket.prefetch": "2"})
    answerer.open_stream(answer)
    for _ in range(2):
        assert answer.may_send_item
        answerer.item(answer, b"1")
    assert not answer.may_send_item  # 14 bytes are left, and no item
    answerer.feed(frame(CREDIT, 1, pack(13)))
    assert answer.may_send_item
    answerer.item(answer, b"x" * 30)
    answerer.feed(frame(CREDIT, 1, pack(13)))
    assert (answer.items, answer.may_send_item) == (1, False)  # and now bytes are what is missing
    answerer.feed(frame(CREDIT, 1, pack(42)))
    assert answer.may_send_item


def test_room_is_given_back_when_the_next_item_is_asked_for() -> None:
    caller = new_caller(STREAM_TERMS, window=20)
    jobs = caller.begin("jobs", None, (), None, None, StreamTerms(2))
    caller.feed(frame(STREAM, 1) + frame(ITEM, 1, b"1") + frame(ITEM, 1, b"23"))
    assert caller.ask(jobs) == b""
    assert caller.take_item(jobs) == (b"1", b"")
    assert caller.ask(jobs) == frame(CREDIT, 1, pack(13))
    assert caller.ask(jobs) == b""  # again, as after a time-out
    assert caller.take_item(jobs) == (b"23", b"")
    caller.feed(frame(END, 1))
    assert caller.ask(jobs) == b""  # since it is over
    assert caller.take_item(jobs) is None


@pytest.mark.parametrize("prefetch", [1, 3])
def test_an_item_more_than_there_is_room_for_breaks_the_protocol(prefetch: int) -> None:
    caller = new_caller(STREAM_TERMS)
    jobs = caller.begin("jobs", None, (), None, None, StreamTerms(prefetch))
    caller.feed(frame(STREAM, 1) + frame(ITEM, 1, b"1") * prefetch)
    assert caller.take_item(jobs) is not None
    with pytest.raises(PeerBrokeProtocol, match=f"more than {prefetch} items"):
        caller.feed(frame(ITEM, 1, b"1"))


def test_a_stream_without_such_terms_counts_bytes_alone() -> None:
    caller = new_caller(STREAM_TERMS)
    count = caller.begin("count", None, ())
    assert count.frame == frame(CALL, 1, pack(("count", None, ())))
    caller.feed(frame(STREAM, 1) + frame(ITEM, 1, b"1") * 50)
    assert caller.take_item(count) == (b"1", b"")
    assert caller.ask(count) == b""
