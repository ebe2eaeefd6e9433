"""What can be read without waiting, on both faces."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from blocking.conftest import Ends, MakeEnds
from localsocket import Limits
from localsocket.errors import (
    Busy,
    ClosedByUs,
    EndOfStream,
    LimitExceeded,
    LineTooLong,
    NeedMoreBytes,
)
from localsocket.testing import Background, wait_until


def test_nothing_is_there_at_first(ends: Ends) -> None:
    assert ends.socket.read_available() == b""
    assert ends.socket.bytes_available == 0
    assert not ends.socket.has_line
    assert not ends.socket.is_at_end


def test_what_arrived_is_read_at_once(ends: Ends) -> None:
    ends.arrive(b"hello")
    assert ends.socket.read_available() == b"hello"
    assert ends.socket.read_available() == b""


def test_no_more_is_read_than_asked_for(ends: Ends) -> None:
    ends.arrive(b"hello")
    assert [ends.socket.read_available(2), ends.socket.read_available(0), ends.socket.read_available(9)] == [
        b"he",
        b"",
        b"llo",
    ]


def test_what_arrived_in_pieces_is_one(ends: Ends) -> None:
    for piece in (b"a", b"bc", b"def"):
        ends.arrive(piece)
    assert ends.socket.read_available() == b"abcdef"


def test_exactly_so_many_bytes_or_none(ends: Ends) -> None:
    ends.arrive(b"hel")
    with pytest.raises(NeedMoreBytes, match="still waiting for 5 bytes: 3 bytes have arrived") as caught:
        ends.socket.read_exactly_nowait(5)
    assert caught.value.available == 3
    ends.arrive(b"lo")
    assert ends.socket.read_exactly_nowait(5) == b"hello"
    assert ends.socket.read_exactly_nowait(0) == b""


def test_more_than_the_read_buffer_holds_is_refused(make_ends: MakeEnds) -> None:
    ends = make_ends(limits=Limits(read_buffer=100))
    with pytest.raises(LimitExceeded, match="cannot read 101 bytes at once"):
        ends.socket.read_exactly_nowait(101)


def test_a_line_that_has_arrived(ends: Ends) -> None:
    ends.arrive(b"one\ntw")
    assert ends.socket.has_line
    assert ends.socket.read_line_nowait() == b"one"
    assert not ends.socket.has_line
    with pytest.raises(NeedMoreBytes, match="still waiting for a line"):
        ends.socket.read_line_nowait()
    ends.arrive(b"o\n")
    assert ends.socket.read_line_nowait(keep_ending=True) == b"two\n"


def test_a_line_beyond_the_limit_stays_readable(make_ends: MakeEnds) -> None:
    ends = make_ends(limits=Limits(line=5))
    ends.arrive(b"123456\n")
    with pytest.raises(LineTooLong):
        ends.socket.read_line_nowait()
    with pytest.raises(LineTooLong):
        ends.socket.read_line_nowait(max_bytes=4)
    assert ends.socket.read_line_nowait(max_bytes=6) == b"123456"


def test_the_last_line_needs_no_ending(ends: Ends) -> None:
    ends.arrive(b"rest")
    ends.end()
    assert not ends.socket.has_line
    assert ends.socket.read_line_nowait() == b"rest"
    with pytest.raises(EndOfStream):
        ends.socket.read_line_nowait()


def test_the_end_is_no_error(ends: Ends) -> None:
    ends.arrive(b"last")
    ends.end()
    assert not ends.socket.is_at_end
    with pytest.raises(EndOfStream, match="4 bytes can still be read"):
        ends.socket.read_exactly_nowait(5)
    assert ends.socket.read_available() == b"last"
    assert ends.socket.read_available() == b""
    assert ends.socket.is_at_end


def test_what_arrived_before_the_peer_closed_stays_readable(ends: Ends) -> None:
    ends.arrive(b"one\ntwo")
    ends.peer.close()
    wait_until(lambda: not ends.socket.is_connected)
    assert ends.socket.read_line_nowait() == b"one"
    assert ends.socket.read_available(1) == b"t"
    assert ends.socket.skip(1) == 1
    assert ends.socket.peek(5) == b"o"
    assert ends.socket.read_exactly_nowait(1) == b"o"


def test_peeking_reads_nothing(ends: Ends) -> None:
    ends.arrive(b"hello")
    assert [ends.socket.peek(2), ends.socket.peek(9), ends.socket.peek(0)] == [b"he", b"hello", b""]
    assert ends.socket.read_available() == b"hello"


def test_skipping_drops_what_is_there_and_waits_for_nothing(ends: Ends) -> None:
    ends.arrive(b"hello")
    assert ends.socket.skip(2) == 2
    assert ends.socket.read_available(1) == b"l"
    assert ends.socket.skip(9) == 2
    assert ends.socket.skip(9) == 0


def test_unread_bytes_come_first_again(ends: Ends) -> None:
    ends.arrive(b"hello")
    assert ends.socket.read_available() == b"hello"
    ends.socket.unread(b"lo")
    ends.socket.unread(memoryview(b"hel"))
    ends.arrive(b"!")
    assert ends.socket.read_available() == b"hello!"


@pytest.mark.parametrize("read_before", [True, False])
def test_unread_bytes_come_before_those_that_arrived_last(ends: Ends, read_before: bool) -> None:
    for piece in (b"1", b"2"):
        ends.arrive(piece)
        if read_before:
            ends.socket.read_available()
    ends.arrive(b"3")
    ends.socket.unread(b"0")
    ends.arrive(b"4")
    assert ends.socket.read_available() == (b"034" if read_before else b"01234")


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_full_read_buffer_holds_the_peer_back_and_loses_nothing(make_ends: MakeEnds) -> None:
    ends = make_ends(limits=Limits(read_buffer=1000))
    sent = bytes(index % 251 for index in range(1_000_000))
    received = b""
    with Background(ends.peer.write, sent) as writer:
        wait_until(lambda: ends.socket.bytes_available == 1000)
        assert not writer.is_done
        while len(received) < len(sent):
            wait_until(lambda: ends.socket.bytes_available > 0)
            assert ends.socket.bytes_available <= 1000
            received += ends.socket.read_available()
    assert received == sent


@pytest.mark.parametrize(
    "make_room",
    [
        lambda socket: socket.read_available(600),
        lambda socket: socket.read_exactly_nowait(600),
        lambda socket: socket.read_line_nowait(),
        lambda socket: socket.skip(600),
    ],
    ids=["read_available", "read_exactly_nowait", "read_line_nowait", "skip"],
)
def test_every_way_to_read_lets_the_next_bytes_in(make_ends: MakeEnds, make_room: Callable[[Any], object]) -> None:
    ends = make_ends(limits=Limits(read_buffer=1000))
    ends.peer.write(b"x" * 599 + b"\n" + b"y" * 1400)
    wait_until(lambda: ends.socket.bytes_available == 1000)
    make_room(ends.socket)
    wait_until(lambda: ends.socket.bytes_available == 1000)


def test_bytes_that_a_failed_transaction_gives_back_are_not_passed_by_new_ones(make_ends: MakeEnds) -> None:
    ends = make_ends(limits=Limits(read_buffer=10))
    ends.peer.write(b"0123456789abc")
    wait_until(lambda: ends.socket.bytes_available == 10)
    with contextlib.suppress(KeyError), ends.socket.transaction():
        assert ends.socket.read_available() == b"0123456789"
        with pytest.raises(LimitExceeded):
            ends.socket.read_exactly_nowait(1)
        raise KeyError
    assert ends.socket.read_available() == b"0123456789"
    wait_until(lambda: ends.socket.bytes_available == 3)
    assert ends.socket.read_available() == b"abc"


# --- transactions -----------------------------------------------------------------------------------------------------


def test_a_transaction_that_needs_more_gives_everything_back(ends: Ends) -> None:
    def read_message() -> bytes:
        with ends.socket.transaction():
            size = ends.socket.read_exactly_nowait(1)[0]
            return ends.socket.read_exactly_nowait(size)

    ends.arrive(b"\x05he")
    for _ in range(2):
        with pytest.raises(NeedMoreBytes):
            read_message()
    assert ends.socket.bytes_available == 3
    ends.arrive(b"llo\x02")
    assert read_message() == b"hello"
    with pytest.raises(NeedMoreBytes):
        read_message()
    assert ends.socket.read_available() == b"\x02"


def test_what_arrives_during_a_transaction_comes_after_what_it_gives_back(ends: Ends) -> None:
    ends.arrive(b"1")
    ends.socket.read_available()
    with contextlib.suppress(KeyError), ends.socket.transaction():
        assert ends.socket.is_in_transaction
        ends.arrive(b"2")
        assert ends.socket.read_available() == b"2"
        ends.arrive(b"3")
        assert ends.socket.read_available() == b"3"
        raise KeyError
    assert not ends.socket.is_in_transaction
    assert ends.socket.read_available() == b"23"


def test_transactions_do_not_nest(ends: Ends) -> None:
    ends.arrive(b"1")
    with ends.socket.transaction():
        with pytest.raises(RuntimeError, match="do not nest"), ends.socket.transaction():
            pass
        assert ends.socket.is_in_transaction
        with pytest.raises(RuntimeError, match="roll it back"):
            ends.socket.unread(b"0")
        assert ends.socket.read_available() == b"1"
    assert ends.socket.bytes_available == 0


def test_other_threads_do_not_read_in_a_transaction(ends: Ends) -> None:
    ends.arrive(b"hello\n")
    with ends.socket.transaction():
        for read in (
            ends.socket.read_available,
            lambda: ends.socket.read_exactly_nowait(1),
            ends.socket.read_line_nowait,
            lambda: ends.socket.peek(1),
            lambda: ends.socket.skip(1),
            lambda: ends.socket.unread(b"0"),
            lambda: ends.socket.transaction().__enter__(),
        ):
            with pytest.raises(Busy, match="another thread"):
                Background(read).result()
        assert ends.socket.read_available() == b"hello\n"
    assert Background(ends.socket.read_available).result() == b""


def test_a_transaction_outlives_the_peer(ends: Ends) -> None:
    ends.arrive(b"hello")
    with contextlib.suppress(EndOfStream), ends.socket.transaction():
        ends.socket.read_available(2)
        ends.end()
        ends.socket.read_exactly_nowait(9)
    assert ends.socket.read_available() == b"hello"


def test_a_socket_that_is_closed_in_a_transaction_stays_closed(ends: Ends) -> None:
    ends.arrive(b"hello")
    with ends.socket.transaction():
        ends.socket.read_available(2)
        ends.socket.abort()
    with pytest.raises(ClosedByUs):
        ends.socket.read_available()


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [-1, 1.0, True, "1"])
def test_counts_are_checked(ends: Ends, count: Any) -> None:
    kind = ValueError if count == -1 else TypeError
    for call in (
        ends.socket.read_available,
        ends.socket.read_exactly_nowait,
        lambda count: ends.socket.read_line_nowait(max_bytes=count),
        ends.socket.peek,
        ends.socket.skip,
    ):
        with pytest.raises(kind, match=r"count|max_bytes"):
            call(count)


def test_only_bytes_can_be_put_back(ends: Ends) -> None:
    with pytest.raises(TypeError, match="must be bytes, not str"):
        ends.socket.unread("text")  # type: ignore[arg-type]
