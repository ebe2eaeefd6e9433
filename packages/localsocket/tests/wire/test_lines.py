"""Lines however their bytes arrive: whole, byte by byte, split anywhere, with bytes after, ended in the middle."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsocket.errors import EndOfStream, LineTooLong
from localsocket.wire.byte_buffer import ByteBuffer

LINE_LIMIT = 8


class Case(NamedTuple):
    """`lines` are decoded from `sent`, and `rest` is left when no more can be."""

    sent: bytes
    lines: list[bytes]
    rest: bytes = b""


CASES = {
    "nothing": Case(b"", []),
    "one": Case(b"one\n", [b"one"]),
    "many": Case(b"one\ntwo\nthree\n", [b"one", b"two", b"three"]),
    "empty lines": Case(b"\n\none\n\n", [b"", b"", b"one", b""]),
    "bytes after the last": Case(b"one\ntw", [b"one"], b"tw"),
    "no ending at all": Case(b"on", [], b"on"),
    "as long as allowed": Case(b"12345678\n", [b"12345678"]),
    "a carriage return belongs to the line": Case(b"one\r\n\r\n", [b"one\r", b"\r"]),
    "any other byte does, too": Case(b"\0\xff\xfe\n\x80\n", [b"\0\xff\xfe", b"\x80"]),
}


def decode(pieces: Iterable[bytes]) -> tuple[ByteBuffer, list[bytes]]:
    """Read every line as soon as it is there."""
    buffer = ByteBuffer(1024)
    lines = []
    for piece in pieces:
        buffer.feed(piece)
        while (line := buffer.take_line(LINE_LIMIT)) is not None:
            lines.append(line)
    return buffer, lines


def split(sent: bytes, places: Iterable[int]) -> list[bytes]:
    cuts = [0, *sorted(places), len(sent)]
    return [sent[start:stop] for start, stop in itertools.pairwise(cuts) if start < stop]


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param  # type: ignore[no-any-return]


def test_lines_that_arrive_whole(case: Case) -> None:
    buffer, lines = decode([case.sent])
    assert (lines, buffer.peek(99)) == (case.lines, case.rest)


def test_lines_that_arrive_byte_by_byte(case: Case) -> None:
    buffer, lines = decode(split(case.sent, range(len(case.sent))))
    assert (lines, buffer.peek(99)) == (case.lines, case.rest)


@pytest.mark.long
@given(data=st.data(), name=st.sampled_from(sorted(CASES)))
def test_lines_that_are_split_anywhere(data: st.DataObject, name: str) -> None:
    case = CASES[name]
    places = data.draw(st.lists(st.integers(0, len(case.sent))))
    buffer, lines = decode(split(case.sent, places))
    assert (lines, buffer.peek(99)) == (case.lines, case.rest)


def test_what_is_left_at_the_end_is_a_line(case: Case) -> None:
    buffer, _ = decode([case.sent])
    buffer.feed_end()
    if case.rest:
        assert buffer.take_line(LINE_LIMIT) == case.rest
    with pytest.raises(EndOfStream):
        buffer.take_line(LINE_LIMIT)


@pytest.mark.long
@given(places=st.lists(st.integers(0, 14)))
def test_a_line_too_long_is_refused_at_the_same_byte_however_it_arrives(places: list[int]) -> None:
    sent = b"ok\n123456789\nok\n"
    buffer = ByteBuffer(1024)
    lines: list[bytes | None] = []
    for piece in split(sent, places):
        buffer.feed(piece)
        try:
            while (line := buffer.take_line(LINE_LIMIT)) is not None:
                lines.append(line)
        except LineTooLong:
            break
    else:
        pytest.fail("the line was accepted")
    assert lines == [b"ok"]
    assert buffer.peek(9) == b"123456789"


@pytest.mark.long
@given(written=st.lists(st.binary(max_size=LINE_LIMIT).filter(lambda line: b"\n" not in line)), places=st.data())
def test_what_was_written_as_lines_is_read_as_lines(written: list[bytes], places: st.DataObject) -> None:
    sent = b"".join(line + b"\n" for line in written)
    cuts = places.draw(st.lists(st.integers(0, len(sent))))
    _, lines = decode(split(sent, cuts))
    assert lines == written
