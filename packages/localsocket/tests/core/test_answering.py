"""Calls are read and replied to alike by both cores; what only one of them does is an error here."""

from __future__ import annotations

import math
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cores import assert_counts_references, core_named, made_with
from localsocket._core import in_python
from localsocket.errors import PeerBrokeProtocol, TooLongToSend
from localsocket.values.gathering import Written
from localsocket.wire.answerer import Answerer
from localsocket.wire.call_bodies import CallBody
from localsocket.wire.frames import FrameDecoder
from localsocket.wire.greeting import Greeting
from localsocket.wire.stream_terms import NO_TERMS, StreamTerms
from wire.building import CALL, CANCEL, CREDIT, NOTIFICATION, frame, greeting, pack, split_at

LONGEST = 9000
CORES = ["pure", "compiled"]
MINE = Greeting(role="service", max_message=LONGEST, stream_window=20_000, max_calls=100)
GREETED = greeting("client", max_message=LONGEST, stream_window=500)

BODIES: list[Any] = [
    ("do", None, ()),
    ("do", 1.5, (b"x" * 100, 1)),
    ("do", 0, (bytes(4096),), {"named": 1}),
    ("do", None, (), {}, {"of": "a tracer"}),
    ("do", None, (), {}, {"localsocket.prefetch": "3", "localsocket.timeout": "begin"}),
    ("do", None, (), {}, {"localsocket.prefetch": "none"}),
    ("do", -1, ()),
    ("do", math.nan, ()),
    ("do", math.inf, ()),
    ("do", None),
    (1, None, ()),
    "nonsense",
    1000,
    0,
]
kinds = st.sampled_from([CALL] * 8 + [NOTIFICATION, CANCEL, CREDIT]) | st.integers(0, 255)
requests = st.lists(st.tuples(kinds, st.integers(0, 5), st.sampled_from(BODIES[:3] * 8 + BODIES)), max_size=8)
places = st.lists(st.integers(0, 2**16), max_size=4)


@pytest.fixture(params=CORES)
def core(request: pytest.FixtureRequest) -> ModuleType:
    return core_named(request.param)


def answerer_of(core: ModuleType, *, piece: int = 2**31) -> Answerer:
    answerer = made_with(core, Answerer, "feed", "reply")(MINE)
    answerer._decoder = made_with(core, FrameDecoder, "feed")(LONGEST, piece=piece)
    answerer.feed(GREETED)
    return answerer


def said(requests: Iterable[tuple[int, int, Any]]) -> bytes:
    return b"".join(frame(kind, number, pack(body)) for kind, number, body in requests)


def answered(answerer: Answerer, pieces: Iterable[bytes]) -> list[Any]:
    """Return all that there is to see of these requests, each of which is replied to."""
    seen: list[Any] = []
    try:
        for piece in pieces:
            found = answerer.feed(piece)
            for kind, call in found:
                body = call.body
                parts = (body.method, repr(body.timeout), bytes(body.arguments), bytes(body.named), body.carrier)
                state = (
                    call.credit,
                    call.items,
                    call.may_send_item,
                    call.size,
                    call.depth,
                    call.is_over,
                    call.is_stream,
                )
                seen.append((kind, call.number, parts, state, call.terms, call.arrived, call.refusal, call.context))
            seen.append((sorted(answerer._open), answerer.unread, answerer.unfinished))
            seen += [answerer.reply(call, b"reply to it") for kind, call in found if kind == CALL and call.number % 2]
    except PeerBrokeProtocol as error:
        seen.append((type(error), str(error)))
    return [*seen, [call.number for call in answerer.answers]]


@given(requests, st.binary(max_size=20), places, st.sampled_from([1, 100, 2**31]))
def test_both_cores_make_the_same_requests_of_whatever_arrives(
    frames: list[tuple[int, int, Any]], behind: bytes, cuts: list[int], piece: int
) -> None:
    pieces = [*split_at(said(frames) + behind, cuts), b"", b""]
    pure, compiled = (answerer_of(core_named(name), piece=piece) for name in CORES)
    assert answered(pure, pieces) == answered(compiled, pieces)


@pytest.mark.parametrize("wrong", [BODIES[6], BODIES[11]], ids=["less than no time", "nonsense"])
def test_of_what_came_along_with_a_call_that_is_wrong_nothing_is_open(core: ModuleType, wrong: object) -> None:
    answerer = answerer_of(core)
    with pytest.raises(PeerBrokeProtocol):
        answerer.feed(said([(CALL, 1, BODIES[0]), (CALL, 2, BODIES[1]), (CALL, 3, wrong)]))
    assert not answerer.open_calls


@pytest.mark.parametrize(
    "body", [b"", b"x" * LONGEST, bytearray(b"x"), memoryview(b"xy")], ids=lambda body: type(body).__name__
)
def test_a_reply_ends_its_call_and_is_sent_once(core: ModuleType, body: Written) -> None:
    answerer = answerer_of(core)
    [(_, call)] = answerer.feed(said([(CALL, 2**32 - 1, BODIES[0])]))
    call.context = object()
    assert answerer.reply(call, body) == frame(5, 2**32 - 1, bytes(body))  # type: ignore[arg-type]
    assert (call.is_over, call.context, answerer.open_calls) == (True, None, 0)
    assert answerer.reply(call, body) == b""


def test_a_reply_that_is_too_long_leaves_its_call_open(core: ModuleType) -> None:
    answerer = answerer_of(core)
    [(_, call)] = answerer.feed(said([(CALL, 1, BODIES[0])]))
    with pytest.raises(TooLongToSend) as refused:
        answerer.reply(call, bytes(LONGEST + 1))
    assert (refused.value.length, refused.value.limit) == (LONGEST + 1, LONGEST)
    assert (call.is_over, answerer.open_calls) == (False, 1)


def test_whatever_is_let_go_with_a_call_finds_it_ended(core: ModuleType) -> None:
    answerer = answerer_of(core)
    [(_, call)] = answerer.feed(said([(CALL, 1, BODIES[0])]))
    found: list[object] = []

    class Context:
        def __del__(self) -> None:
            found.append((call.is_over, answerer.open_calls, answerer.reply(call, b"again")))

    call.context = Context()
    assert answerer.reply(call, b"once") == frame(5, 1, b"once")
    assert found[0][0] is True  # type: ignore[index]
    assert found[0][2] == b""  # type: ignore[index]


@pytest.mark.parametrize("body", [BODIES[1], BODIES[3], BODIES[6]], ids=["simple", "traced", "wrong"])
@pytest.mark.parametrize("count", [1, 3])
def test_nothing_is_kept_of_calls_that_were_replied_to(core: ModuleType, body: object, count: int) -> None:
    answerer = answerer_of(core)
    arriving = said([(CALL, number, BODIES[1]) for number in range(1, count)] + [(CALL, count, body)])

    def once() -> None:
        try:
            for _, call in answerer.feed(arriving):
                answerer.reply(call, b"x" * 100)
        except PeerBrokeProtocol:
            assert body is BODIES[6]

    assert_counts_references(once)


def test_an_answered_call_has_a_fixed_number_and_any_other_part_may_be_changed() -> None:
    body = CallBody("do", None, b"")  # type: ignore[arg-type] # of which nothing is read
    for name in CORES:
        kind = core_named(name).AnsweredCall
        call = kind(7, body, 100, 5, NO_TERMS)
        assert (call.number, call.credit, call.items, call.is_over, call.may_send_item) == (7, 100, None, False, True)
        assert kind(0, body, 0, 5, NO_TERMS).is_over
        assert [kind(1, body, 1, 5, StreamTerms(items)).may_send_item for items in (0, 1)] == [False, True]
        assert not kind(1, body, 0, 5, NO_TERMS).may_send_item
        for part in in_python.AnsweredCall.__slots__:
            if part != "number":
                setattr(call, part, part)
                assert getattr(call, part) == part
        with pytest.raises(TypeError):
            kind(7)


def test_a_door_may_know_more_of_its_calls(core: ModuleType) -> None:
    class Known(core.AnsweredCall):  # type: ignore[name-defined,misc]
        __slots__ = ("turn",)

        def __init__(self, number: int) -> None:
            super().__init__(number, None, 0, 0, NO_TERMS)
            self.turn: object = self  # so that the garbage collector alone comes to it

    assert_counts_references(lambda: Known(3))
