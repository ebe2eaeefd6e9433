"""Each rule of the byte buffer by itself; test_byte_buffer_model.py tries them in every order."""

from __future__ import annotations

import sys
import tracemalloc

import pytest

from localsocket.errors import EndOfStream, LimitExceeded, LineTooLong
from localsocket.wire.byte_buffer import ByteBuffer

LIMIT = 16


def filled(*chunks: bytes, limit: int = LIMIT, ended: bool = False) -> ByteBuffer:
    buffer = ByteBuffer(limit)
    for chunk in chunks:
        buffer.feed(chunk)
    if ended:
        buffer.feed_end()
    return buffer


def test_a_new_buffer_is_empty_and_has_all_its_room() -> None:
    buffer = ByteBuffer(LIMIT)
    assert (len(buffer), buffer.room, buffer.has_ended, buffer.has_line) == (0, LIMIT, False, False)
    assert buffer.take_available() == b""
    assert buffer.take_some() is None


def test_one_chunk_that_is_read_whole_is_never_copied() -> None:
    chunk = bytes(range(10))
    assert filled(chunk).take_available() is chunk


def test_a_read_gives_what_is_there_up_to_the_most_asked_for() -> None:
    buffer = filled(b"abc", b"def")
    assert buffer.take_available(2) == b"ab"
    assert buffer.take_some(3) == b"cde"
    assert buffer.take_some(0) == b""
    assert buffer.take_some(9) == b"f"
    assert buffer.take_some(9) is None


def test_what_is_taken_is_bytes_of_its_own() -> None:
    buffer = filled(b"abc", b"def")
    taken = buffer.take_available(3)
    buffer.feed(b"ghi")
    assert (type(taken), taken) == (bytes, b"abc")


def test_exactly_gives_all_or_nothing() -> None:
    buffer = filled(b"abc")
    assert buffer.take_exactly(4) is None
    assert len(buffer) == 3
    buffer.feed(b"d")
    assert buffer.take_exactly(4) == b"abcd"
    assert buffer.take_exactly(0) == b""


def test_the_end_is_told_apart_from_nothing_yet() -> None:
    buffer = filled(b"abc", ended=True)
    with pytest.raises(EndOfStream, match="before 4 bytes arrived; 3 bytes can still be read") as caught:
        buffer.take_exactly(4)
    assert caught.value.available == 3
    assert buffer.take_some() == b"abc"
    assert buffer.take_some() == b""
    assert buffer.has_ended


def test_more_at_once_than_the_limit_is_refused_and_nothing_is_consumed() -> None:
    buffer = filled(b"abc")
    with pytest.raises(LimitExceeded) as caught:
        buffer.take_exactly(LIMIT + 1)
    assert (caught.value.wanted, caught.value.limit) == (LIMIT + 1, LIMIT)
    assert buffer.take_available() == b"abc"


def test_everything_to_the_end_comes_once_the_end_has_come() -> None:
    buffer = filled(b"abc")
    assert buffer.take_to_end(LIMIT) is None
    buffer.feed_end()
    assert buffer.take_to_end(LIMIT) == b"abc"
    assert buffer.take_to_end(LIMIT) == b""


def test_everything_to_the_end_is_refused_once_it_is_too_much() -> None:
    buffer = filled(b"abcd")
    with pytest.raises(LimitExceeded):
        buffer.take_to_end(3)
    assert len(buffer) == 4


def test_everything_to_the_end_is_refused_when_the_end_could_never_arrive() -> None:
    with pytest.raises(LimitExceeded) as caught:
        filled(bytes(LIMIT)).take_to_end(LIMIT)
    assert caught.value.wanted == LIMIT + 1


def test_peek_leaves_everything_where_it_is() -> None:
    buffer = filled(b"ab", b"cd")
    assert buffer.peek(3) == b"abc"
    assert buffer.peek(99) == b"abcd"
    assert buffer.peek(0) == b""
    assert buffer.take_available() == b"abcd"


def test_skip_drops_what_is_there_and_says_how_much() -> None:
    buffer = filled(b"abcd")
    assert buffer.skip(3) == 3
    assert buffer.skip(3) == 1
    assert buffer.skip(3) == 0
    buffer.feed(b"e")
    assert buffer.take_available() == b"e"


def test_unread_bytes_come_first_again() -> None:
    buffer = filled(b"abcd")
    taken = buffer.take_available(2)
    buffer.unread(taken)
    assert buffer.take_available() == b"abcd"
    buffer.unread(b"xy\n")
    assert buffer.has_line
    assert buffer.take_line(LIMIT) == b"xy"


def test_unread_beyond_the_limit_is_kept_and_leaves_no_room() -> None:
    buffer = filled(bytes(LIMIT))
    buffer.unread(b"more")
    assert (len(buffer), buffer.room) == (LIMIT + 4, 0)
    assert buffer.take_exactly(LIMIT + 4) == b"more" + bytes(LIMIT)


def test_reading_gives_room_back() -> None:
    buffer = filled(bytes(LIMIT))
    assert buffer.room == 0
    buffer.take_available(5)
    assert buffer.room == 5
    buffer.skip(2)
    assert buffer.room == 7


def test_a_line_longer_than_allowed_is_refused_and_stays_readable() -> None:
    buffer = filled(b"abcdef\n")
    with pytest.raises(LineTooLong) as caught:
        buffer.take_line(5)
    assert caught.value.limit == 5
    assert buffer.take_line(6) == b"abcdef"


def test_a_full_buffer_without_an_ending_is_a_line_too_long() -> None:
    with pytest.raises(LineTooLong) as caught:
        filled(bytes(LIMIT)).take_line(LIMIT * 2)
    assert caught.value.limit == LIMIT - 1


def test_a_line_keeps_its_ending_where_asked() -> None:
    buffer = filled(b"one\ntwo", ended=True)
    assert buffer.take_line(LIMIT, keep_ending=True) == b"one\n"
    assert buffer.take_line(LIMIT, keep_ending=True) == b"two"


def test_no_byte_is_searched_twice_for_a_line_ending() -> None:
    class Counting(bytearray):
        searched = 0

        def find(self, ending: bytes, start: int, stop: int) -> int:  # type: ignore[override]
            Counting.searched += max(0, min(stop, len(self)) - start)
            return super().find(ending, start, stop)

    count = 1000
    buffer = ByteBuffer(count * 2)
    buffer.held = Counting()
    for _ in range(count):
        buffer.held += b"x"
        assert buffer.take_line(count * 2) is None
        assert not buffer.has_line
    assert Counting.searched <= count


# --- transactions -----------------------------------------------------------------------------------------------------


def test_what_was_read_in_a_transaction_comes_back() -> None:
    buffer = filled(b"abcdef")
    buffer.take_available(1)
    buffer.begin()
    assert buffer.take_exactly(2) == b"bc"
    buffer.skip(1)
    buffer.feed(b"gh")
    assert buffer.take_available() == b"efgh"
    buffer.roll_back()
    assert not buffer.is_in_transaction
    assert buffer.take_available() == b"bcdefgh"


def test_what_was_read_in_a_transaction_that_holds_is_gone() -> None:
    buffer = filled(b"abcdef")
    buffer.begin()
    buffer.take_available(4)
    buffer.commit()
    assert buffer.take_available() == b"ef"


def test_a_line_that_came_back_is_found_again() -> None:
    buffer = filled(b"one\ntwo\n")
    buffer.begin()
    assert [buffer.take_line(LIMIT), buffer.take_line(LIMIT), buffer.take_line(LIMIT)] == [b"one", b"two", None]
    buffer.roll_back()
    assert buffer.take_line(LIMIT) == b"one"


def test_transactions_do_not_nest() -> None:
    buffer = filled(b"ab")
    buffer.begin()
    with pytest.raises(RuntimeError, match="do not nest"):
        buffer.begin()
    assert buffer.is_in_transaction


def test_nothing_can_be_put_back_inside_a_transaction() -> None:
    buffer = filled(b"ab")
    buffer.begin()
    with pytest.raises(RuntimeError, match="roll it back"):
        buffer.unread(b"x")


def test_ending_a_transaction_that_was_not_begun_changes_nothing() -> None:
    buffer = filled(b"ab")
    buffer.roll_back()
    buffer.commit()
    assert buffer.take_available() == b"ab"


def test_what_a_transaction_may_give_back_takes_room() -> None:
    buffer = filled(b"123", bytes(LIMIT - 3))
    buffer.take_available(3)
    buffer.feed(b"456")
    buffer.begin()
    buffer.take_available()
    assert (len(buffer), buffer.room) == (0, 0)
    for wait_for_more in (buffer.take_some, lambda: buffer.take_exactly(5), lambda: buffer.take_line(LIMIT)):
        with pytest.raises(LimitExceeded) as caught:
            wait_for_more()
        assert LIMIT < caught.value.wanted <= LIMIT + 5
    buffer.commit()
    assert buffer.take_some() is None


# --- memory -----------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_an_empty_buffer_keeps_no_memory() -> None:
    buffer = ByteBuffer(1 << 24)
    tracemalloc.start()
    try:
        for _ in range(16):
            buffer.feed(bytes(1 << 20))
        buffer.take_exactly(1 << 24)
        assert tracemalloc.get_traced_memory()[0] < 1 << 16
    finally:
        tracemalloc.stop()


def test_a_buffer_that_never_runs_empty_does_not_grow() -> None:
    buffer = filled(b"x", limit=1 << 20)
    for _ in range(1000):
        buffer.feed(bytes(1 << 10))
        buffer.take_exactly(1 << 10)
    assert len(buffer) == 1
    assert sys.getsizeof(buffer.held) < 1 << 13
