"""What one half of a conversation makes of a peer that keeps to no rule."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from localsocket.errors import MessageTooLong, PeerBrokeProtocol, TooLongToSend, UnsuitableMessage
from localsocket.wire.answerer import AnsweredCall, Answerer
from localsocket.wire.call_bodies import Failure
from localsocket.wire.caller import Caller, OpenCall
from localsocket.wire.frames import Kind
from localsocket.wire.greeting import Greeting
from wire.building import (
    CALL,
    CANCEL,
    CREDIT,
    END,
    FAILURE,
    ITEM,
    MESSAGE,
    NOTIFICATION,
    REPLY,
    STREAM,
    call,
    frame,
    frames_in,
    greeting,
    pack,
    split_at,
)

LAST = 2**32 - 1
MIB = 1 << 20

# Right and wrong, for ids that are open and that are not.
bodies = st.sampled_from([b"", b"\x01", b"\xff" * 5, pack(["failed", "it failed"]), pack(["echo", None, [1]])])
some_frames = st.lists(
    st.builds(
        lambda kind, number, body: frame(kind, number, body),
        st.integers(0, 13),
        st.integers(0, 6) | st.just(LAST),
        bodies | st.binary(max_size=8),
    ),
    max_size=6,
)
places = st.lists(st.integers(0, 2**20), max_size=10)


def new_caller(*, max_calls: int = 10, max_message: int = MIB, window: int = 100, takes: int = MIB) -> Caller:
    caller = Caller(Greeting(role="client", max_message=max_message, stream_window=window))
    caller.feed(greeting("service", max_message=takes, max_calls=max_calls))
    return caller


def new_answerer(*, max_message: int = MIB, window: int = 100) -> Answerer:
    answerer = Answerer(Greeting(role="service", max_message=MIB, max_calls=10))
    answerer.feed(greeting("client", max_message=max_message, stream_window=window))
    return answerer


def arrived(answerer: Answerer, data: bytes) -> list[tuple[int, int]]:
    return [(kind, answer.number) for kind, answer in answerer.feed(data)]


# --- calls that must not be -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_together", [True, False])
def test_a_number_that_is_in_use_breaks_the_protocol(is_together: bool) -> None:
    answerer = new_answerer()
    calls = call(1, "echo") + call(2, "echo")
    if not is_together:
        answerer.feed(calls)
        calls = b""
    with pytest.raises(PeerBrokeProtocol, match="call 1"):
        answerer.feed(calls + call(1, "echo"))


def test_a_number_may_be_used_again_when_its_call_is_over() -> None:
    answerer = new_answerer()
    for _ in range(2):
        [(_, answer)] = answerer.feed(call(1, "echo"))
        answerer.reply(answer, b"\x01")
        assert arrived(answerer, call(1, "echo") + frame(CANCEL, 1)) == [(CALL, 1), (CANCEL, 1)]


def test_a_call_has_a_number_and_zero_is_none() -> None:
    with pytest.raises(PeerBrokeProtocol, match="call 0"):
        new_answerer().feed(call(0, "echo"))


@pytest.mark.parametrize("kind", [MESSAGE, REPLY, FAILURE, STREAM, ITEM, END])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_client_sends_nothing_that_is_a_services(kind: int, number: int) -> None:
    answerer = new_answerer()
    answerer.feed(call(1, "echo"))
    with pytest.raises(PeerBrokeProtocol, match=f"kind {kind}"):
        answerer.feed(frame(kind, number, pack(["failed", ""])))


@pytest.mark.parametrize("kind", [MESSAGE, CALL, NOTIFICATION, CREDIT, CANCEL])
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_service_sends_nothing_that_is_a_clients(kind: int, number: int) -> None:
    caller = new_caller()
    caller.begin("echo", None, ())
    caller.cancel(caller.begin("echo", None, ()))
    with pytest.raises(PeerBrokeProtocol, match=f"kind {kind}"):
        caller.feed(frame(kind, number, pack(["echo", None, []])))


# --- answers that must not be -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [REPLY, FAILURE, STREAM, ITEM, END])
@pytest.mark.parametrize("number", [0, 3, LAST])
def test_an_answer_to_a_call_that_was_never_made_breaks_the_protocol(kind: int, number: int) -> None:
    caller = new_caller()
    for _ in range(2):
        caller.begin("echo", None, ())
    with pytest.raises(PeerBrokeProtocol, match=f"answered call {number}, which was never made"):
        caller.feed(frame(kind, number, pack(["failed", ""])))


@pytest.mark.parametrize("kind", [REPLY, FAILURE, STREAM, ITEM, END])
def test_an_answer_to_a_call_that_is_over_is_ignored(kind: int) -> None:
    """It was on its way when the peer learned that the call was cancelled."""
    caller = new_caller()
    caller.cancel(caller.begin("echo", None, ()))
    assert caller.feed(frame(kind, 1, pack(["failed", ""]))) == []


def test_an_answer_to_a_call_that_is_over_is_ignored_after_the_numbers_began_anew() -> None:
    caller = new_caller()
    caller._last = LAST - 1
    old = caller.begin("echo", None, ())
    caller.cancel(old)
    new = caller.begin("echo", None, ())
    assert (old.number, new.number) == (LAST, 1)
    assert caller.feed(frame(REPLY, LAST, b"\x07") + frame(REPLY, 1, b"\x08")) == [new]
    assert (old.body, new.body) == (None, b"\x08")


def test_numbers_that_are_in_use_are_passed_over_when_they_begin_anew() -> None:
    caller = new_caller()
    open_calls = [caller.begin("echo", None, ()) for _ in range(3)]
    caller.feed(frame(REPLY, 2, b"\x01"))
    caller._last = LAST - 1
    assert [caller.begin("echo", None, ()).number for _ in range(3)] == [LAST, 2, 4]
    assert [each.number for each in open_calls if not each.is_over] == [1, 3]


def test_cancelling_a_call_that_is_over_does_not_touch_the_next_one_of_its_number() -> None:
    caller = new_caller()
    old = caller.begin("echo", None, ())
    caller.feed(frame(REPLY, 1, b"\x01"))
    caller._last = LAST
    new = caller.begin("echo", None, ())
    assert new.number == old.number
    assert caller.cancel(old) == b""
    assert caller.feed(frame(REPLY, 1, b"\x02")) == [new]


@pytest.mark.parametrize(
    "wrong",
    [
        frame(ITEM, 1, b"\x01"),
        frame(END, 1),
        frame(STREAM, 1) + frame(STREAM, 1),
        frame(STREAM, 1) + frame(REPLY, 1, b"\x01"),
        frame(FAILURE, 1, b"\xc1"),
        frame(FAILURE, 1),
    ],
    ids=["item-first", "end-first", "two-streams", "reply-to-stream", "no-messagepack", "empty-failure"],
)
def test_an_answer_out_of_order_breaks_the_protocol(wrong: bytes) -> None:
    caller = new_caller()
    caller.begin("echo", None, ())
    with pytest.raises(PeerBrokeProtocol):
        caller.feed(wrong)


# --- credit -----------------------------------------------------------------------------------------------------------


def test_an_item_costs_its_body_and_the_header_and_one_may_go_below_nothing() -> None:
    caller = new_caller(window=40)
    caller.begin("count", None, ())
    caller.feed(frame(STREAM, 1) + frame(ITEM, 1, b"x" * 15))  # 40 - 27 = 13
    caller.feed(frame(ITEM, 1, b"x"))  # 13 - 13 = 0
    with pytest.raises(PeerBrokeProtocol, match="more of a stream than it was granted"):
        caller.feed(frame(ITEM, 1))


def test_a_credit_is_granted_when_half_of_the_window_has_been_taken() -> None:
    caller = new_caller(window=80)
    count = caller.begin("count", None, ())
    caller.feed(frame(STREAM, 1) + frame(ITEM, 1, b"1234567") + frame(ITEM, 1, b"123456789"))
    assert caller.take_item(count) == (b"1234567", b"")
    assert caller.take_item(count) == (b"123456789", frame(CREDIT, 1, pack(19 + 21)))
    assert caller.take_item(count) is None


def test_what_was_granted_may_be_sent_and_no_more() -> None:
    caller = new_caller(window=26)
    count = caller.begin("count", None, ())
    caller.feed(frame(STREAM, 1) + frame(ITEM, 1, b"1") + frame(ITEM, 1, b"2"))
    assert caller.take_item(count) == (b"1", frame(CREDIT, 1, pack(13)))
    caller.feed(frame(ITEM, 1, b"3"))
    with pytest.raises(PeerBrokeProtocol, match="more of a stream than it was granted"):
        caller.feed(frame(ITEM, 1))


def test_no_credit_is_granted_to_a_stream_that_is_over() -> None:
    caller = new_caller(window=1)
    count = caller.begin("count", None, ())
    caller.feed(frame(STREAM, 1) + frame(ITEM, 1, b"1") + frame(END, 1))
    assert caller.take_item(count) == (b"1", b"")


def test_a_flood_of_credits_adds_up_and_takes_no_memory() -> None:
    answerer = new_answerer(window=5)
    [(_, answer)] = answerer.feed(call(1, "count"))
    largest = frame(CREDIT, 1, pack(2**64 - 1))
    answerer.feed(largest)
    tracemalloc.start()
    try:
        for _ in range(20):
            answerer.feed(largest * 500)
            while answerer.has_more:
                answerer.feed(b"")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.credit == 5 + 10_001 * (2**64 - 1)
    assert peak < 8 * MIB


@pytest.mark.parametrize("number", [0, 2, LAST])
def test_credits_and_cancels_of_calls_that_are_not_open_are_ignored(number: int) -> None:
    answerer = new_answerer()
    answerer.feed(call(1, "count"))
    assert answerer.feed(frame(CREDIT, number, b"\x01") + frame(CANCEL, number)) == []
    assert answerer.open_calls == 1


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_credit_that_is_none_breaks_the_protocol_for_any_call(number: int) -> None:
    answerer = new_answerer()
    answerer.feed(call(1, "count"))
    with pytest.raises(PeerBrokeProtocol, match="granted 0 bytes"):
        answerer.feed(frame(CREDIT, number, b"\x00"))


# --- lengths ----------------------------------------------------------------------------------------------------------


def test_a_call_that_the_service_does_not_take_opens_nothing_and_uses_no_number() -> None:
    caller = new_caller(takes=20)
    with pytest.raises(TooLongToSend):
        caller.begin("echo", None, (bytes(20),))
    with pytest.raises(TooLongToSend):
        caller.notify("echo", (bytes(20),))
    with pytest.raises(UnsuitableMessage):
        caller.begin("echo", None, (object(),))
    assert caller.open_calls == 0
    assert caller.begin("echo", None, ()).number == 1


def test_a_reply_that_the_client_does_not_take_leaves_the_call_open() -> None:
    answerer = new_answerer(max_message=20)
    [(_, answer)] = answerer.feed(call(1, "echo"))
    for send in (answerer.reply, answerer.item):
        with pytest.raises(TooLongToSend) as refused:
            send(answer, bytes(21))
        assert (refused.value.length, refused.value.limit) == (21, 20)
    assert answer.credit == 100
    assert frames_in(answerer.reply(answer, bytes(20))) == [(REPLY, 1, bytes(20))]


def test_a_failure_that_the_client_does_not_take_is_told_in_one_sentence() -> None:
    answerer = new_answerer(max_message=100)
    [(_, answer)] = answerer.feed(call(1, "echo"))
    [(kind, number, body)] = frames_in(answerer.fail(answer, Failure("raised", "x" * 200, {"name": "Error"})))
    assert (kind, number) == (FAILURE, 1)
    assert len(body) <= 100
    assert body == pack(["failed", "the description of 'raised' is too long to be sent", {}])


@pytest.mark.parametrize("half", [new_caller(max_message=50), new_answerer()], ids=["caller", "answerer"])
def test_a_length_beyond_what_was_said_breaks_the_protocol(half: Caller | Answerer) -> None:
    with pytest.raises(MessageTooLong):
        half.feed(frame(REPLY, 1, bytes(half.mine.max_message + 1))[:12])


# --- nobody is forgotten ----------------------------------------------------------------------------------------------


def test_a_call_that_ended_along_with_a_broken_protocol_is_among_the_abandoned() -> None:
    """Else nobody would wake who waits for it."""
    caller = new_caller()
    first, second = caller.begin("echo", None, ()), caller.begin("echo", None, ())
    with pytest.raises(PeerBrokeProtocol):
        caller.feed(frame(REPLY, 1, b"\x07") + frame(REPLY, 9))
    assert set(caller.abandon()) == {first, second}
    assert first.body == b"\x07"


def test_a_cancel_that_came_along_with_a_broken_protocol_is_told_when_all_is_abandoned() -> None:
    """Else what is served would go on for ever."""
    answerer = new_answerer()
    [(_, served)] = answerer.feed(call(1, "count"))
    with pytest.raises(PeerBrokeProtocol):
        answerer.feed(frame(CANCEL, 1) + call(1, "again") + call(2, "new") + frame(CANCEL, 2) + frame(REPLY, 1))
    assert answerer.abandon() == [served]


@pytest.mark.long
@settings(max_examples=80)
@given(some_frames, places)
@example([frame(REPLY, 1, b"\x01"), frame(FAILURE, 3, pack(["failed", ""])), frame(REPLY, 6)], [])
@example([frame(ITEM, 2, b"\x01"), frame(END, 2), frame(END, 2), frame(STREAM, 1), frame(ITEM, 1)], [30])
def test_whatever_a_service_sends_each_call_is_answered_or_abandoned(frames: list[bytes], cuts: list[int]) -> None:
    caller = new_caller()
    calls = [caller.begin("echo", None, ()) for _ in range(4)]
    caller.cancel(calls[3])
    caller.feed(frame(STREAM, 2))
    told: list[OpenCall] = []
    try:
        for piece in split_at(b"".join(frames), cuts):
            told += caller.feed(piece)
    except PeerBrokeProtocol:
        pass
    ended = {each.number for each in told if each.is_over}
    abandoned = {each.number for each in caller.abandon()}
    assert ended | abandoned == {1, 2, 3}
    assert not ended & abandoned


@pytest.mark.long
@settings(max_examples=80)
@given(some_frames, places)
@example([frame(CANCEL, 1), call(1, "echo"), frame(REPLY, 1)], [])
@example([call(4, "echo"), frame(CANCEL, 4), frame(CANCEL, 2), frame(CREDIT, 3, b"\x00")], [])
def test_whatever_a_client_sends_each_call_is_cancelled_or_abandoned(frames: list[bytes], cuts: list[int]) -> None:
    answerer = new_answerer()
    served = [answer for _, answer in answerer.feed(b"".join(call(number, "echo") for number in (1, 2, 3)))]
    cancelled: list[AnsweredCall] = []
    try:
        for piece in split_at(b"".join(frames), cuts):
            for kind, answer in answerer.feed(piece):
                if kind == Kind.CALL:
                    served.append(answer)
                elif kind == Kind.CANCEL:
                    cancelled.append(answer)
    except PeerBrokeProtocol:
        pass
    abandoned = answerer.abandon()
    assert {id(each) for each in cancelled + abandoned} == {id(each) for each in served}
    assert len(cancelled) + len(abandoned) == len(served)
    assert all(each.is_over for each in served)
