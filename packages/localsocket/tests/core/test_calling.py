"""Frames are read, and calls made and ended, alike by both cores; what only one of them does is an error here."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cores import assert_counts_references, core_named, made_with
from localsocket._core import in_python
from localsocket.blocking.client_connection import ClientConnection
from localsocket.errors import LocalSocketError, PeerBrokeProtocol
from localsocket.wire.caller import Caller
from localsocket.wire.frames import HEADER_SIZE, Frame, FrameDecoder
from localsocket.wire.greeting import Greeting
from localsocket.wire.stream_terms import BEGINS_IN_TIME, StreamTerms
from wire.building import END, ITEM, REPLY, STREAM, frame, greeting, pack, split_at

LONGEST = 9000
PIECE = 100
CORES = ["pure", "compiled"]
MINE = Greeting(role="client", max_message=LONGEST, stream_window=20_000)
GREETED = greeting("service", max_calls=100, max_message=LONGEST, capabilities=["stream-terms"])

kinds = st.sampled_from([REPLY] * 8 + [ITEM, END, STREAM]) | st.integers(0, 255)
lengths = st.integers(0, 30) | st.sampled_from([4096, 4097, LONGEST, LONGEST + 1])
flags = st.sampled_from([0] * 20 + [1, 0x8000])
answers = st.lists(st.tuples(kinds, st.integers(0, 5), lengths, flags), max_size=8)
places = st.lists(st.integers(0, 2**16), max_size=4)


def said(answers: list[tuple[int, int, int, int]]) -> bytes:
    return b"".join(frame(kind, number, b"x" * length, flags=flag) for kind, number, length, flag in answers)


@pytest.fixture(params=CORES)
def core(request: pytest.FixtureRequest) -> ModuleType:
    return core_named(request.param)


def decoder_of(core: ModuleType, *, piece: int = 2**31) -> FrameDecoder:
    decoder = made_with(core, FrameDecoder, "feed")(LONGEST, piece=piece)
    decoder.feed(GREETED)
    return decoder


def caller_of(core: ModuleType) -> Caller:
    caller = made_with(core, Caller, "feed", "prepare")(MINE)
    caller._decoder = made_with(core, FrameDecoder, "feed")(LONGEST)
    caller.feed(GREETED)
    return caller


# --- what is read -------------------------------------------------------------------------------------------------


def read(decoder: FrameDecoder, pieces: Iterable[bytes]) -> list[Any]:
    """Return all that there is to see of it: frames, how much is left, and what is wrong."""
    seen: list[Any] = []
    try:
        for piece in pieces:
            seen += [(kind, number, type(body), bytes(body)) for kind, number, body in decoder.feed(piece)]
            seen += [len(decoder), decoder.has_more, decoder.unfinished, decoder.wanted]
    except PeerBrokeProtocol as error:
        seen.append((type(error), str(error)))
    return seen


@given(answers, st.binary(max_size=20), places, st.sampled_from([1, PIECE, 2**31]))
def test_both_cores_make_the_same_frames_of_whatever_arrives(
    frames: list[tuple[int, int, int, int]], behind: bytes, cuts: list[int], piece: int
) -> None:
    pieces = [*split_at(said(frames) + behind, cuts), b"", b""]
    pure, compiled = (decoder_of(core_named(name), piece=piece) for name in CORES)
    assert read(pure, pieces) == read(compiled, pieces)


def test_other_bytes_than_bytes_are_read_too(core: ModuleType) -> None:
    two = frame(REPLY, 1, b"one") + frame(REPLY, 2, b"two")
    for data in (bytearray(two), memoryview(two)):
        got = decoder_of(core).feed(data)  # type: ignore[arg-type]
        assert [bytes(body) for _, _, body in got] == [b"one", b"two"]


def test_a_decoder_that_reads_otherwise_is_asked(core: ModuleType) -> None:
    class Turning(FrameDecoder):
        def feed(self, data: bytes) -> list[Frame]:
            return [(kind, number, bytes(body)[::-1]) for kind, number, body in super().feed(data)]

    caller = caller_of(core)
    caller._decoder = Turning(LONGEST)
    caller._decoder.feed(GREETED)
    call = caller.begin("do", None, ())
    assert caller.feed(frame(REPLY, 1, b"one")) == [call]
    assert call.body == b"eno"


@pytest.mark.parametrize("body", [b"", b"x" * 100, bytes(5000)])
def test_nothing_is_kept_of_frames_that_were_read(core: ModuleType, body: bytes) -> None:
    decoder = decoder_of(core)
    one = frame(REPLY, 1, body)
    assert_counts_references(lambda: decoder.feed(one))
    assert_counts_references(lambda: decoder.feed(one * 5))
    assert_counts_references(lambda: decoder.feed(one + one[:5]) + decoder.feed(one[5:]))


# --- what ends calls ----------------------------------------------------------------------------------------------


def ended(caller: Caller, pieces: Iterable[bytes]) -> list[Any]:
    """Return all that there is to see of four calls to which these answers come."""
    calls = [caller.begin("do", None, (number,)) for number in range(4)]
    seen: list[Any] = []
    try:
        seen.extend([call.number for call in caller.feed(piece)] for piece in pieces)
    except PeerBrokeProtocol as error:
        seen.append((type(error), str(error)))
    seen += [[call.number for call in caller.news], sorted(caller._open)]
    for call in calls:
        items = [bytes(item) for item in call.items or ()]
        body = None if call.body is None else (type(call.body), bytes(call.body))
        seen.append((body, call.is_over, call.is_stream, call.is_answered, items, call.failure))
    return seen


@given(answers, places)
def test_both_cores_end_the_same_calls_by_whatever_arrives(
    frames: list[tuple[int, int, int, int]], cuts: list[int]
) -> None:
    pieces = split_at(said(frames), cuts)
    pure, compiled = (caller_of(core_named(name)) for name in CORES)
    assert ended(pure, pieces) == ended(compiled, pieces)


def test_a_call_is_ended_once(core: ModuleType) -> None:
    caller = caller_of(core)
    call = caller.begin("do", None, ())
    assert caller.feed(frame(REPLY, 1, b"one") + frame(REPLY, 1, b"again")) == [call]
    assert (call.body, caller.open_calls) == (b"one", 0)


def test_calls_that_end_along_with_a_broken_protocol_are_among_the_abandoned(core: ModuleType) -> None:
    caller = caller_of(core)
    calls = [caller.begin("do", None, ()) for _ in range(3)]
    with pytest.raises(PeerBrokeProtocol, match="kind 99"):
        caller.feed(frame(REPLY, 1, b"one") + frame(REPLY, 2, b"two") + frame(99, 3))
    assert set(caller.abandon()) == set(calls)


def test_the_garbage_collector_may_give_calls_up_in_the_midst_of_answers(core: ModuleType) -> None:
    caller = caller_of(core)
    calls = [caller.begin("do", None, ()) for _ in range(6)]

    class GivingUp:
        def __del__(self) -> None:
            caller.cancel(calls[-1])

    cycle: list[object] = [GivingUp()]
    cycle.append(cycle)  # so that the garbage collector alone comes to it

    usual = gc.get_threshold()
    data = b"".join(frame(REPLY, number, bytes(5000)) for number in range(1, 7))
    try:
        del cycle
        gc.set_threshold(1)
        news = caller.feed(data)
    finally:
        gc.set_threshold(*usual)
    gc.collect()
    assert {*news, calls[-1]} == set(calls)
    assert all(call.is_over for call in calls)
    assert not caller.open_calls


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("behind", [b"", frame(STREAM, 4), frame(99, 4)], ids=["nothing", "a stream", "nonsense"])
def test_nothing_is_kept_of_calls_that_have_ended(core: ModuleType, count: int, behind: bytes) -> None:
    caller = caller_of(core)
    arriving = b"".join(frame(REPLY, number, b"x" * 100) for number in range(1, count + 1)) + behind

    def once() -> None:
        caller._last = 0
        calls = [caller.begin("do", None, (b"x" * 100,)) for _ in range(4)]
        try:
            assert caller.feed(arriving)[:count] == calls[:count]
        except PeerBrokeProtocol:
            assert behind
        caller.abandon()
        caller.news = []

    assert_counts_references(once)


def test_an_open_call_has_a_fixed_number_and_any_other_part_may_be_changed() -> None:
    for name in CORES:
        call = core_named(name).OpenCall("do", 7, b"frame", 100)
        assert (call.method, call.number, call.frame, call._granted, call.attempts) == ("do", 7, b"frame", 100, 1)
        for part in in_python.OpenCall.__slots__:
            if part != "number":
                setattr(call, part, part)
                assert getattr(call, part) == part
        with pytest.raises(TypeError):
            core_named(name).OpenCall("do", 7)


def test_an_open_call_that_knows_itself_is_garbage(core: ModuleType) -> None:
    def once() -> None:
        call = core.OpenCall("do", 7, b"frame", 100)
        call.waiter = [call]

    assert_counts_references(once)


# --- who is told --------------------------------------------------------------------------------------------------


class Waiting:
    """Stands in for Turn, and notes what it is told."""

    def __init__(self, bell: object, rings: list[object]) -> None:
        self.is_done = False
        self._bell = bell
        self._rings = rings

    def finish(self) -> None:
        self.is_done = True
        self.ring()

    def ring(self) -> None:
        if self._bell is not None:
            self._rings.append(self._bell)


def connection_of(core: ModuleType) -> ClientConnection:
    """A connection of no socket, of which this much is asked."""
    connection = object.__new__(made_with(core, ClientConnection, "_tell_waiters"))
    connection.caller = caller_of(core)
    connection._begin_waiting()
    return connection


@pytest.mark.parametrize("kind", CORES)
def test_who_waits_for_calls_is_told_and_woken_where_it_sleeps(core: ModuleType, kind: str) -> None:
    connection, rings = connection_of(core), list[object]()
    calls = [core_named(kind).OpenCall("do", number, b"", 0) for number in range(4)]
    turns = [Waiting(bell, rings) for bell in (None, "first", "second", "of nobody")]
    calls[1].waiter, calls[2].waiter, calls[3].waiter = [turns[0]], turns[1:3], []
    news = calls.copy()
    connection._tell_waiters(news)
    assert news == []  # of a list that the caller keeps
    assert [turn.is_done for turn in turns] == [True, True, True, False]
    assert rings == ["first", "second"]
    assert [call.waiter for call in calls] == [None, [], [], []]
    connection._tell_waiters(calls)
    assert rings == ["first", "second"]


def test_who_waits_for_the_greeting_or_for_room_is_told_as_well(core: ModuleType) -> None:
    connection, rings = connection_of(core), list[object]()
    connection._greeted = Waiting("greeted", rings)  # type: ignore[assignment] # it is one, as far as this goes
    connection._tell_waiters([])
    connection._waiting_for_room.append(Waiting("room", rings))  # type: ignore[arg-type]
    connection._tell_waiters([])
    connection._tell_waiters([])
    assert rings == ["greeted", "room"]


def test_nothing_is_kept_of_who_was_told(core: ModuleType) -> None:
    connection = connection_of(core)

    def once() -> None:
        call = core.OpenCall("do", 1, b"", 0)
        call.waiter = [Waiting("bell", []), Waiting(None, [])]
        connection._tell_waiters([call])

    assert_counts_references(once)


# --- what is sent -------------------------------------------------------------------------------------------------

ARGUMENTS = [
    (),
    (1, -1.5, True, None, "ä", b"bytes"),
    (2**64 - 1,),
    (2**64,),
    ("\ud800",),
    ([1, {"a": 2}],),
    (bytearray(b"x"),),
    (object(),),
    (bytes(LONGEST - 20),),
    (bytes(LONGEST),),
    (bytes(2**20 + 1),),
    ("x" * LONGEST, 1),
]
OTHERWISE: list[dict[str, Any]] = [
    {},
    {"named": {}, "carrier": None, "terms": None},
    {"named": {"a": 1}},
    {"carrier": {"a": "b"}},
    {"terms": BEGINS_IN_TIME},
    {"terms": StreamTerms(3, begins_in_time=False, is_asked_for=True)},
]


def prepared(caller: Caller, *arguments: object, **named: Any) -> object:
    try:
        call = caller.prepare(*arguments, **named)  # type: ignore[arg-type]
    except LocalSocketError as error:
        return type(error), str(error), caller._last
    window = None if call.prefetch is None else call.prefetch.items
    return call.method, call.number, call.frame, call._granted, window, call.is_answered, caller._last


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=lambda each: repr(each)[:20])
@pytest.mark.parametrize("otherwise", OTHERWISE, ids=str)
@pytest.mark.parametrize("timeout", [None, 2.5])
def test_both_cores_prepare_the_same_call(
    arguments: tuple[object, ...], otherwise: dict[str, Any], timeout: float | None
) -> None:
    pure, compiled = (caller_of(core_named(name)) for name in CORES)
    assert prepared(pure, "do", timeout, arguments, **otherwise) == prepared(
        compiled, "do", timeout, arguments, **otherwise
    )
    positional = (otherwise.get("named"), otherwise.get("carrier"), otherwise.get("terms"))
    assert prepared(pure, "do", timeout, arguments, *positional) == prepared(
        compiled, "do", timeout, arguments, *positional
    )


def test_numbers_begin_anew_after_the_last_one_and_leave_out_those_of_open_calls(core: ModuleType) -> None:
    caller = caller_of(core)
    caller.begin("do", None, ())
    caller._last = 2**32 - 2
    assert [caller.begin("do", None, ()).number for _ in range(3)] == [2**32 - 1, 2, 3]


@pytest.mark.parametrize("arguments", [(b"x" * 100,), (2**64,), (bytes(LONGEST),)], ids=["right", "wrong", "too long"])
def test_nothing_is_kept_of_a_call_that_was_prepared(core: ModuleType, arguments: tuple[object, ...]) -> None:
    caller = caller_of(core)
    assert_counts_references(lambda: prepared(caller, "do", 2.5, arguments))


def test_a_header_has_the_size_that_the_compiled_core_takes_it_for() -> None:
    assert len(frame(REPLY, 1, pack(None))) == HEADER_SIZE + 1
