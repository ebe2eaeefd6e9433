"""Large arrays on their way out: copied once, into what is sent, which nobody can change any more."""

from __future__ import annotations

import dataclasses
import datetime
import gc
import os
import tracemalloc
import uuid
import weakref
from typing import Annotated, Any

import msgspec
import numpy
import pytest
from numpy.typing import NDArray

from localsocket.errors import BadResult, TooLongToSend
from localsocket.interfaces import MIB, Outline
from localsocket.services.schema import Result
from localsocket.values.codec import Codec
from localsocket.values.gathering import LARGE, Gathered, Gathering, LargeValue, whole
from localsocket.values.known_types import KnownTypes
from localsocket.wire.answerer import AnsweredCall, Answerer
from localsocket.wire.call_bodies import decode_call
from localsocket.wire.caller import Caller
from localsocket.wire.frames import HEADER_SIZE
from localsocket.wire.greeting import Greeting
from localsocket.wire.message_exchange import MessageExchange
from localsocket.wire.stream_terms import NO_TERMS

MUCH = 16 * MIB
KNOWN = KnownTypes()


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


class Holder(msgspec.Struct):
    before: int
    array: Any
    after: str


def greeted_caller() -> Caller:
    caller = Caller(Greeting(role="client", max_message=MIB, stream_window=MIB))
    caller.has_greeted(Greeting(role="service", max_message=4 * MUCH, max_calls=9, service="s"))
    return caller


def array_of(size: int) -> NDArray[numpy.uint8]:
    return numpy.arange(size, dtype=numpy.uint8)


@pytest.mark.parametrize("size", [LARGE - 1, LARGE, 3 * LARGE + 1])
def test_what_is_gathered_is_what_msgspec_would_have_written(size: int) -> None:
    array = array_of(size).reshape(1, size)
    value = {"a": [1, array, array, "x"], "b": Holder(1, array, "end"), "c": array[:, :10]}
    written = KNOWN.gather(value)
    assert isinstance(written, Gathered) == (size >= LARGE)
    back = KNOWN.decoder(Any)(whole(written))
    assert len(written) == len(whole(written))
    assert back.keys() == value.keys()
    for got in (back["a"][1], back["a"][2], back["b"]["array"]):
        numpy.testing.assert_array_equal(got, array)
    assert (back["a"][0], back["a"][3], back["b"]["after"]) == (1, "x", "end")
    numpy.testing.assert_array_equal(back["c"], array[:, :10])


@dataclasses.dataclass
class Picture:
    name: str
    pixels: bytes


LETTERS = bytes(range(256)) * (LARGE // 256)
WITH_BYTES = [
    LETTERS,
    bytearray(LETTERS),
    memoryview(LETTERS),
    [1, LETTERS, "x", LETTERS],
    (LETTERS, [{"deep": [LETTERS]}]),
    {"a": Picture("p", LETTERS), "b": Holder(1, LETTERS, "end")},
]


@pytest.mark.parametrize("value", WITH_BYTES)
def test_large_bytes_are_gathered_wherever_they_are_and_written_as_msgspec_writes_them(value: object) -> None:
    written = KNOWN.gather_large(value)
    assert isinstance(written, Gathered)
    assert written.join() == msgspec.msgpack.encode(value)
    assert len(written.outline) < LARGE


def test_what_is_short_or_far_inside_is_written_by_msgspec_alone() -> None:
    for value in (LETTERS[1:], "x" * LARGE, [LETTERS[1:]] * 3, [LETTERS] * 17, [[[[[[[LETTERS]]]]]]]):
        assert KNOWN.gather_large(value) == msgspec.msgpack.encode(value)


def test_arrays_and_bytes_are_gathered_in_the_order_in_which_they_stand() -> None:
    array = array_of(LARGE)
    written = KNOWN.gather_large([array, LETTERS, array, LETTERS[::-1]])
    assert isinstance(written, Gathered)
    back = KNOWN.decoder(list[Any])(written.join())
    assert (back[1], back[3]) == (LETTERS, LETTERS[::-1])
    numpy.testing.assert_array_equal(back[0], array)
    numpy.testing.assert_array_equal(back[2], array)


def test_bytes_alone_are_gathered_and_stand_apart_as_those_in_a_message_do() -> None:
    alone, within = KNOWN.gather_large(LETTERS), KNOWN.gather_large([LETTERS])
    assert isinstance(alone, Gathered)
    assert isinstance(within, Gathered)
    apart, apart_within = alone.apart(), within.apart()
    assert apart is not None
    assert apart_within is not None
    assert (apart.values, apart.pieces[0]) == (apart_within.values, LETTERS)
    assert (b"\x91" + bytes(apart.pieces[1])).startswith(bytes(apart_within.pieces[1]))
    assert sum(map(len, apart.pieces)) == len(alone) == len(within) - 1


def test_what_stands_apart_is_as_long_as_the_whole_and_read_as_the_same() -> None:
    array = array_of(LARGE + 3).reshape(1, -1)
    value = {"a": LETTERS, "b": [array, "x"], "c": LETTERS[::-1]}
    written = KNOWN.gather_large(value)
    assert isinstance(written, Gathered)
    apart = written.apart()
    assert apart is not None
    *pieces, message = apart.pieces
    assert sum(map(len, apart.pieces)) == len(written) == len(written.join())
    assert apart.values == [(False, LARGE), (True, LARGE + 3), (False, LARGE)]
    outline = Outline(
        bytes(message), [bytearray(each) if apart.values[at][0] else bytes(each) for at, each in enumerate(pieces)]
    )
    assert len(outline) == len(written)
    back = Result("give", dict[str, Any]).read(outline)
    assert (back["a"], back["b"][1], back["c"]) == (LETTERS, "x", LETTERS[::-1])
    assert back["a"] is outline.pieces[0]  # and not another copy
    numpy.testing.assert_array_equal(back["b"][0], array)
    back["b"][0][0, 0] = 9
    assert outline.pieces[1][0] == 9


@pytest.mark.parametrize("code", [3, 4])
@pytest.mark.parametrize("size", [0, 1, 2, 8, 300, 70_000])
def test_nothing_stands_apart_from_what_has_extensions_of_such_codes_already(code: int, size: int) -> None:
    theirs = msgspec.msgpack.Ext(code, bytes(size))
    written = KNOWN.gather_large([theirs, LETTERS])
    assert isinstance(written, Gathered)
    assert written.apart() is None
    assert KNOWN.decoder(Any)(written.join()) == [theirs, LETTERS]


@pytest.mark.parametrize("value", [LETTERS, [LETTERS, "x"], [array_of(LARGE), 1]])
def test_the_random_bytes_of_stand_ins_are_no_extensions(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", lambda size: b"".join([b"\xd4\3", bytes(range(size))])[:size])
    written = KNOWN.gather_large(value)
    assert isinstance(written, Gathered)
    assert written.apart() is not None


def test_a_place_where_nothing_stands_apart_is_refused() -> None:
    for message in (b"\xc7\2\3\0\1", b"\xc7\3\3\0\0\0", b"\xc7\1\3\0", b"\xc7\2\4\0\0"):
        with pytest.raises(BadResult):
            Result("give", Any).read(Outline(message, [LETTERS]))


def test_bytes_are_proved_to_be_of_their_type_although_others_stand_for_them() -> None:
    assert isinstance(Result("give", list[bytes]).write([LETTERS], MIB), Gathered)
    for kind in (str, list[str], uuid.UUID, int):
        with pytest.raises(BadResult):
            Result("give", kind).write(LETTERS if kind is not list[str] else [LETTERS], MIB)
    longer = Annotated[bytes, msgspec.Meta(min_length=LARGE)]
    assert Result("give", longer).write(LETTERS, MIB) == msgspec.msgpack.encode(LETTERS)
    coded = KnownTypes([Codec(Named, lambda named: named.name.encode(), lambda data: Named(bytes(data).decode()))])
    named = Result("give", Named, coded).write(Named("n" * LARGE), MIB)
    assert Result("give", Named, coded).read(whole(named)).name == "n" * LARGE


def test_what_was_gathered_is_let_go_with_its_message() -> None:
    array = array_of(LARGE)
    held = weakref.ref(array)
    gc.disable()
    try:
        written = KNOWN.gather([array])
        del array
        assert held() is not None
        del written
        assert held() is None, "else memory is used until the garbage collector comes"
    finally:
        gc.enable()


def test_what_is_written_again_because_of_a_moment_or_a_codec_has_each_array_once() -> None:
    array = array_of(LARGE)
    berlin = datetime.timezone(datetime.timedelta(hours=2))
    moment = datetime.datetime(2026, 1, 2, tzinfo=berlin)
    back = KNOWN.decoder(list[Any])(KNOWN.encode([array, moment, array]))
    assert datetime.datetime.fromisoformat(back[1]) == moment
    numpy.testing.assert_array_equal(back[0], back[2])
    coded = KnownTypes([Codec(Named, lambda named: named.name, Named)])
    back = coded.decoder(list[Any])(coded.encode([Named("n"), array, array]))
    assert back[0] == "n"
    numpy.testing.assert_array_equal(back[2], array)


def test_an_array_is_copied_once_on_its_way_into_a_frame() -> None:
    """Into that of a call, of a result, and of a message."""
    array = array_of(MUCH)
    caller, exchange = greeted_caller(), MessageExchange("msgpack", Any, 2 * MUCH)
    answerer = Answerer(Greeting(role="service", max_message=MIB, max_calls=9, service="s"))
    answerer.longest = 4 * MUCH
    result: Result = Result("give", NDArray[numpy.uint8])

    def reply() -> bytes:
        answer = AnsweredCall(1, decode_call(msgspec.msgpack.encode(["give", None, []])), 0, 0, NO_TERMS)
        answerer._open[1] = answer
        return answerer.reply(answer, result.write(array))

    letters = array.tobytes()
    sends = [
        lambda: caller.begin("take", None, (array,)).frame,
        reply,
        lambda: exchange.encode(array),
        lambda: exchange.encode({"letters": letters}),
        lambda: caller.begin("take", None, ([letters],)).frame,
    ]
    for send in sends:
        send()  # what is made once is not to count
        tracemalloc.start()
        try:
            frame = send()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(frame) > MUCH
        assert peak < 1.25 * MUCH, f"{peak / MUCH:.2f} copies of it"


def test_an_array_that_changes_after_the_call_was_begun_changes_nothing_that_is_sent() -> None:
    array = array_of(LARGE)
    call = greeted_caller().begin("take", None, (array,))
    array[:] = 7
    (sent,) = KNOWN.decoder(list[Any])(decode_call(call.frame[HEADER_SIZE:]).arguments)
    numpy.testing.assert_array_equal(sent, array_of(LARGE))


@pytest.mark.long
def test_what_is_too_long_is_refused_before_it_is_copied() -> None:
    caller, array = greeted_caller(), array_of(5 * MUCH)
    tracemalloc.start()
    try:
        with pytest.raises(TooLongToSend):
            caller.begin("take", None, (array,))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MIB


def test_a_large_array_is_held_to_the_type_that_was_said_and_refused_where_none_is() -> None:
    floats = numpy.zeros(LARGE)
    with pytest.raises(BadResult, match="float64"):
        Result("give", NDArray[numpy.uint8]).write(floats)
    for kind in (int, list[int], Holder | None):
        with pytest.raises(BadResult):
            Result("give", kind).write(floats)
    assert isinstance(Result("give", NDArray[numpy.float64]).write(floats), Gathered)


def test_what_no_extension_can_hold_is_refused() -> None:
    class Endless:
        def __len__(self) -> int:
            return 2**32

    with pytest.raises(ValueError, match="MessagePack"):
        Gathering().stand_in(LargeValue(1, b"header", Endless(), lambda _: b""))  # type: ignore[arg-type]


def test_an_item_that_looks_like_a_stand_in_is_left_alone() -> None:
    """Which are told apart by a secret, so that nobody can make one beforehand."""
    array = array_of(LARGE)
    first = KNOWN.gather(array)
    assert isinstance(first, Gathered)
    back = KNOWN.decoder(list[Any])(KNOWN.encode([first.outline, array]))
    assert back[0] == first.outline
    numpy.testing.assert_array_equal(back[1], array)
