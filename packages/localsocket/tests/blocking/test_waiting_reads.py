"""LocalSocket's reads that wait: ready, late, zero, woken, closed by us, closed by them, two callers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import localsocket
from localsocket import Limits, LocalSocket
from localsocket.errors import (
    Busy,
    ClosedByPeer,
    ClosedByUs,
    DeadlinePassed,
    EndOfStream,
    LimitExceeded,
    LineTooLong,
    NeedMoreBytes,
)
from localsocket.testing import PATIENCE, Background, ResettingPeer, TricklingPeer, VanishingPeer, connected_pair

SOON = 0.02

READS: dict[str, Callable[..., Any]] = {
    "read": lambda socket, **options: socket.read(**options),
    "read_exactly": lambda socket, **options: socket.read_exactly(3, **options),
    "read_line": lambda socket, **options: socket.read_line(**options),
    "read_to_end": lambda socket, **options: socket.read_to_end(**options),
}


@pytest.fixture
def pair() -> Iterator[tuple[LocalSocket, LocalSocket]]:
    with connected_pair() as pair:
        yield pair


Pair = tuple[LocalSocket, LocalSocket]


@pytest.fixture(params=READS.values(), ids=READS)
def read(request: pytest.FixtureRequest) -> Callable[..., bytes]:
    return request.param  # type: ignore[no-any-return]


def test_a_read_that_is_late_says_so_and_how_long_it_took(pair: Pair, read: Callable[..., bytes]) -> None:
    began = time.monotonic()
    with pytest.raises(DeadlinePassed, match=r"reading .*took longer than 0\.02 s|reading took longer") as caught:
        read(pair[0], timeout=SOON)
    assert time.monotonic() - began >= SOON
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.timeout == SOON


def test_a_read_with_no_time_takes_what_is_there(pair: Pair, read: Callable[..., bytes]) -> None:
    with pytest.raises(DeadlinePassed):
        read(pair[0], timeout=0)
    pair[1].write(b"abc\n")
    pair[1].shutdown_write()
    if read is READS["read_to_end"]:
        with pytest.raises(DeadlinePassed):
            read(pair[0], timeout=0)  # that receives the bytes, and the next call the end
    assert read(pair[0], timeout=0).startswith(b"abc")


@pytest.mark.parametrize("timeout", [-1, -0.001, float("nan")])
def test_a_negative_time_is_refused(pair: Pair, read: Callable[..., bytes], timeout: float) -> None:
    with pytest.raises(ValueError, match="negative or NaN"):
        read(pair[0], timeout=timeout)


@pytest.mark.parametrize("timeout", ["1", True, [1]])
def test_a_time_that_is_no_number_is_refused(pair: Pair, read: Callable[..., bytes], timeout: object) -> None:
    with pytest.raises(TypeError, match="number of seconds"):
        read(pair[0], timeout=timeout)


@pytest.mark.parametrize("timeout", [1e9, 1e300, float("inf"), 10**400, None])
def test_a_huge_time_is_as_good_as_for_ever(pair: Pair, read: Callable[..., bytes], timeout: float | None) -> None:
    with Background(lambda: read(pair[0], timeout=timeout)) as reader:
        reader.wait_until_waiting()
        pair[1].write(b"abc\n")
        pair[1].shutdown_write()
        assert reader.result().startswith(b"abc")


def test_changing_the_wall_clock_is_irrelevant(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def jumping_clock() -> float:
        asked.append(10.0**9 - 10.0**6 * len(asked))
        return asked[-1]

    monkeypatch.setattr(time, "time", jumping_clock)
    began = time.monotonic()
    with pytest.raises(DeadlinePassed):
        pair[0].read(timeout=SOON)
    assert time.monotonic() - began >= SOON
    assert not asked


def test_a_read_waits_for_as_long_as_it_may_though_bytes_trickle_in() -> None:
    with TricklingPeer.facing() as (peer, socket), Background(peer.misbehave, b"1234") as trickle:
        assert socket.read_exactly(4, timeout=PATIENCE) == b"1234"
        trickle.result()
        with pytest.raises(DeadlinePassed):
            socket.read_exactly(1, timeout=SOON)


def test_a_read_that_never_has_enough_ends_at_its_deadline_though_bytes_keep_coming(pair: Pair) -> None:
    def send_for_ever() -> None:
        while True:
            pair[1].write(b"x")

    sender = Background(send_for_ever)
    with pytest.raises(DeadlinePassed):
        pair[0].read_line(timeout=SOON, max_bytes=1 << 22)
    pair[1].abort()
    with pytest.raises(ClosedByUs):
        sender.result()


def test_read_gives_what_is_there_up_to_the_most_asked_for(pair: Pair) -> None:
    pair[1].write(b"hello")
    assert [pair[0].read(2), pair[0].read(0), pair[0].read(99)] == [b"he", b"", b"llo"]


def test_exactly_as_many_bytes_as_the_read_buffer_holds() -> None:
    with connected_pair(limits=Limits(read_buffer=100)) as (one, other), Background(other.write, bytes(150)):
        assert one.read_exactly(100) == bytes(100)
        with pytest.raises(LimitExceeded, match="101 bytes"):
            one.read_exactly(101)


def test_a_message_cut_off_in_the_middle_is_told_from_a_clean_end() -> None:
    with VanishingPeer.facing() as (peer, socket):
        peer.misbehave(b"12345678")
        with pytest.raises(EndOfStream, match="4 bytes can still be read"):
            socket.read_exactly(8)
        assert socket.read_to_end() == b"1234"
        assert socket.read() == b""


def test_a_peer_that_left_without_reading_is_an_error_after_its_last_byte() -> None:
    for read in (
        lambda socket: socket.read(),
        lambda socket: socket.read_exactly(1),
        lambda socket: socket.read_line(),
        lambda socket: socket.read_line_nowait(),
        lambda socket: socket.read_available(),
    ):
        with ResettingPeer.facing() as (peer, socket):
            socket.write(b"never read")
            peer.misbehave(b"last")
            assert socket.read_exactly(4) == b"last"
            with pytest.raises(ClosedByPeer, match="left some of what it was sent unread"):
                read(socket)
            assert socket.read(0) == b""
            assert socket.is_at_end


def test_everything_to_the_end(pair: Pair) -> None:
    with Background(pair[0].read_to_end) as reader:
        for piece in (b"one", b"two", bytes(300_000)):
            pair[1].write(piece)
        pair[1].close()
        assert reader.result() == b"onetwo" + bytes(300_000)


@pytest.mark.parametrize("size", [1000, 2000])
def test_everything_to_the_end_is_refused_when_the_buffer_is_full_before(size: int) -> None:
    with connected_pair(limits=Limits(read_buffer=1000)) as (one, other):
        other.write(bytes(size))
        other.shutdown_write()
        with pytest.raises(LimitExceeded, match="1001 bytes"):
            one.read_to_end(timeout=PATIENCE)
        assert one.bytes_available == 1000


def test_everything_to_the_end_up_to_the_most_asked_for(pair: Pair) -> None:
    pair[1].write(b"123456")
    pair[1].close()
    with pytest.raises(LimitExceeded):
        pair[0].read_to_end(max_bytes=5)
    assert pair[0].read_to_end(max_bytes=6) == b"123456"


def test_lines_with_a_limit_of_their_own(pair: Pair) -> None:
    pair[1].write(b"123456\nabc\n")
    with pytest.raises(LineTooLong, match="more than 5 bytes"):
        pair[0].read_line(max_bytes=5)
    assert pair[0].read_line(max_bytes=6) == b"123456"
    assert pair[0].read_line(keep_ending=True) == b"abc\n"


def test_iterating_gives_the_lines_to_the_end(pair: Pair) -> None:
    pair[1].write(b"one\n\nthree")
    pair[1].shutdown_write()
    assert list(pair[0]) == [b"one", b"", b"three"]


def test_iterating_stops_with_the_real_reason_when_the_peer_breaks_off() -> None:
    with ResettingPeer.facing() as (peer, socket):
        socket.write(b"never read")
        peer.misbehave(b"one\n")
        lines = iter(socket)
        assert next(lines) == b"one"
        with pytest.raises(ClosedByPeer):
            next(lines)


# --- waiting for bytes without reading them ---------------------------------------------------------------------------


def test_waiting_for_bytes_reads_none(pair: Pair) -> None:
    assert not pair[0].wait_readable(0)
    assert not pair[0].wait_readable(SOON)
    with Background(pair[0].wait_readable, None) as waiter:
        waiter.wait_until_waiting()
        pair[1].write(b"x")
        assert waiter.result() is True
    assert pair[0].wait_readable(0)
    assert pair[0].read() == b"x"


def test_waiting_for_bytes_ends_with_the_stream(pair: Pair) -> None:
    pair[1].close()
    assert not pair[0].wait_readable(PATIENCE)


def test_waiting_for_bytes_that_have_no_room_is_refused() -> None:
    with connected_pair(limits=Limits(read_buffer=10)) as (one, other):
        other.write(b"0123456789a")
        with one.transaction():
            one.read_exactly(10)
            with pytest.raises(LimitExceeded):
                one.wait_readable(PATIENCE)
            other.abort()
            with pytest.raises(LimitExceeded):
                one.read_exactly(1, timeout=PATIENCE)


def test_a_message_that_has_arrived_is_read_whole_though_it_needs_many_system_calls(pair: Pair) -> None:
    size = 150_000  # less than the kernel keeps on the way, more than one system call receives
    pair[1].write(bytes(size))
    assert len(pair[0].read_exactly_nowait(size)) == size
    with pytest.raises(NeedMoreBytes):
        pair[0].read_exactly_nowait(1)


# --- several threads --------------------------------------------------------------------------------------------------


def test_bytes_put_back_wake_a_waiting_reader(pair: Pair) -> None:
    with Background(lambda: pair[0].read(timeout=None)) as reader:
        reader.wait_until_waiting()
        pair[0].unread(b"back")
        assert reader.result() == b"back"


def test_bytes_given_back_by_a_transaction_wake_a_waiting_reader(pair: Pair) -> None:
    pair[1].write(b"hello")
    with contextlib.suppress(KeyError), pair[0].transaction():
        assert pair[0].read() == b"hello"
        reader = Background(lambda: pair[0].read_exactly(5, timeout=None))
        reader.wait_until_waiting()
        raise KeyError
    assert reader.result() == b"hello"


def test_waiting_reads_of_other_threads_wait_for_the_transaction_to_end(pair: Pair) -> None:
    with pair[0].transaction():
        reader = Background(lambda: pair[0].read(timeout=None))
        reader.wait_until_waiting()
        pair[1].write(b"mine")
        assert pair[0].read_exactly(4, timeout=PATIENCE) == b"mine"
        with pytest.raises(DeadlinePassed):
            Background(lambda: pair[0].read(timeout=SOON)).result()
        with pytest.raises(Busy):
            Background(lambda: pair[0].wait_readable(None)).result()
    pair[1].write(b"yours")
    assert reader.result() == b"yours"


def test_what_one_thread_receives_wakes_another_that_waits_for_it(pair: Pair) -> None:
    with Background(lambda: pair[0].read_line(timeout=None)) as reader:
        reader.wait_until_waiting()
        pair[1].write(b"li")
        assert pair[0].bytes_available in (0, 2)
        pair[1].write(b"ne\n")
        assert pair[0].has_line in (True, False)  # receives, if the reader has not
        assert reader.result() == b"line"


def test_closing_wakes_the_reader_that_is_in_a_transaction(pair: Pair) -> None:
    def read() -> None:
        with pair[0].transaction():
            pair[0].read_exactly(5, timeout=PATIENCE)

    reader = Background(read)
    reader.wait_until_waiting()
    pair[0].close()
    with pytest.raises(ClosedByUs):
        reader.result()


def test_a_pair_knows_who_is_at_the_other_end() -> None:
    one, other = localsocket.pair()
    with one, other:
        assert one.peer == other.peer
        assert one.peer.pid > 0
