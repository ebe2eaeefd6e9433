"""The claims about every connected stream."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable

from contracts.subjects import StreamFace, StreamUnderTest
from localsocket.errors import ClosedByPeer, ClosedByUs, DeadlinePassed, EndOfStream, LimitExceeded, LineTooLong
from localsocket.interfaces import KIB, MIB, Limits
from localsocket.testing import FOREVER, PATIENCE, Background, Contract, raises

stream_contract: Contract[StreamFace] = Contract()

_SOON = 0.02
_SMALL = 4 * KIB
_WRITERS = 8
_RECORDS = 50


@stream_contract.claim
def bytes_arrive_whole_and_in_order(face: StreamFace) -> None:
    with face.connected_pair() as (one, other):
        for sender, receiver in ((one, other), (other, one)):
            sent = _pattern(3 * MIB)
            with Background(_write, sender, sent):
                assert receiver.read_exactly(len(sent), timeout=PATIENCE) == sent


@stream_contract.claim
def an_empty_write_sends_nothing(face: StreamFace) -> None:
    with face.connected_pair() as (one, other):
        _write(one, b"")
        _write(one, b"x")
        assert other.read(timeout=PATIENCE) == b"x"


@stream_contract.claim
def a_read_gives_what_is_there_up_to_the_most_asked_for(face: StreamFace) -> None:
    with face.connected_pair() as (one, other):
        _write(one, b"abcdef")
        assert other.read_exactly(1, timeout=PATIENCE) == b"a"
        assert other.read(2, timeout=PATIENCE) == b"bc"
        assert other.read(timeout=PATIENCE) == b"def"


@stream_contract.claim
def a_waiting_read_is_woken_by_the_first_byte(face: StreamFace) -> None:
    with face.connected_pair() as (one, other), Background(lambda: other.read(timeout=FOREVER)) as reader:
        reader.wait_until_waiting()
        _write(one, b"x")
        assert reader.result() == b"x"


@stream_contract.claim
def a_late_read_consumes_nothing(face: StreamFace) -> None:
    with face.connected_pair() as (one, other):
        _write(one, b"hel")
        raises(DeadlinePassed, lambda: other.read_exactly(5, timeout=0))
        raises(DeadlinePassed, lambda: other.read_exactly(5, timeout=_SOON))
        raises(DeadlinePassed, lambda: other.read_line(timeout=0))
        raises(DeadlinePassed, lambda: other.read_line(timeout=_SOON))
        _write(one, b"lo\n")
        assert other.read_exactly(5, timeout=PATIENCE) == b"hello"
        assert other.read_line(timeout=PATIENCE) == b""
        raises(DeadlinePassed, lambda: other.read(timeout=_SOON))


@stream_contract.claim
def lines_come_one_by_one_however_they_were_sent(face: StreamFace) -> None:
    with face.connected_pair() as (one, other):
        for piece in (b"on", b"e\n\nthr", b"ee\nfour"):
            _write(one, piece)
        assert [other.read_line(timeout=PATIENCE) for _ in range(3)] == [b"one", b"", b"three"]
        one.shutdown_write(timeout=PATIENCE)
        assert other.read_line(timeout=PATIENCE) == b"four"
        raises(EndOfStream, lambda: other.read_line(timeout=PATIENCE))


@stream_contract.claim
def a_line_beyond_the_limit_is_refused_and_stays_readable(face: StreamFace) -> None:
    with face.connected_pair(limits=Limits(line=10)) as (one, other):
        _write(one, b"x" * 10 + b"\n" + b"y" * 11)
        assert other.read_line(timeout=PATIENCE) == b"x" * 10
        raises(LineTooLong, lambda: other.read_line(timeout=PATIENCE))
        assert other.read_exactly(11, timeout=PATIENCE) == b"y" * 11


@stream_contract.claim
def more_at_once_than_the_read_buffer_holds_is_refused(face: StreamFace) -> None:
    with face.connected_pair(limits=Limits(read_buffer=100)) as (_, other):
        raises(LimitExceeded, lambda: other.read_exactly(101, timeout=PATIENCE))


@stream_contract.claim
def the_end_is_no_error_and_is_found_again(face: StreamFace) -> None:
    with face.connected_pair() as (one, other):
        _write(one, b"last")
        one.close(timeout=PATIENCE)
        assert other.read_exactly(2, timeout=PATIENCE) == b"la"
        raises(EndOfStream, lambda: other.read_exactly(3, timeout=PATIENCE))
        assert other.read(timeout=PATIENCE) == b"st"
        for _ in range(2):
            assert other.read(timeout=PATIENCE) == b""
            raises(EndOfStream, lambda: other.read_exactly(1, timeout=PATIENCE))
            raises(EndOfStream, lambda: other.read_line(timeout=PATIENCE))


@stream_contract.claim
def one_side_may_finish_and_still_be_answered(face: StreamFace) -> None:
    with face.connected_pair() as (one, other):
        _write(one, b"question")
        one.shutdown_write(timeout=PATIENCE)
        one.shutdown_write(timeout=PATIENCE)
        raises(ClosedByUs, lambda: _write(one, b"more"))
        assert other.read_exactly(8, timeout=PATIENCE) == b"question"
        assert other.read(timeout=PATIENCE) == b""
        _write(other, b"answer")
        assert one.read_exactly(6, timeout=PATIENCE) == b"answer"


@stream_contract.claim
def a_writer_is_held_back_by_who_does_not_read_and_loses_nothing(face: StreamFace) -> None:
    with face.connected_pair(limits=Limits(read_buffer=_SMALL), kernel_buffer=_SMALL) as (one, other):
        sent = _pattern(MIB)
        late = raises(DeadlinePassed, lambda: one.write(sent, timeout=_SOON))
        assert 0 < late.queued < len(sent)
        with Background(lambda: one.close(timeout=PATIENCE)):
            received = b"".join(iter(lambda: other.read(timeout=PATIENCE), b""))
        assert received == sent


@stream_contract.claim
def a_late_write_that_found_no_room_has_written_nothing(face: StreamFace) -> None:
    limits = Limits(read_buffer=_SMALL, write_buffer=_SMALL)
    with face.connected_pair(limits=limits, kernel_buffer=_SMALL) as (one, _):
        raises(DeadlinePassed, lambda: one.write(bytes(MIB), timeout=_SOON))
        assert raises(DeadlinePassed, lambda: one.write(b"more", timeout=_SOON)).queued == 0


@stream_contract.claim
def closing_sends_what_is_unsent_or_says_how_much_is_lost(face: StreamFace) -> None:
    with face.connected_pair(limits=Limits(read_buffer=_SMALL), kernel_buffer=_SMALL) as (one, _):
        late = raises(DeadlinePassed, lambda: one.write(bytes(MIB), timeout=_SOON))
        lost = raises(DeadlinePassed, lambda: one.close(timeout=_SOON))
        assert 0 < lost.queued <= late.queued
        one.close(timeout=0)


@stream_contract.claim
def two_who_write_much_to_each_other_at_once_both_come_through(face: StreamFace) -> None:
    def exchange(end: StreamUnderTest) -> bytes:
        _write(end, sent)
        return end.read_exactly(len(sent), timeout=PATIENCE)

    sent = _pattern(4 * MIB)
    with (
        face.connected_pair(kernel_buffer=_SMALL) as (one, other),
        Background(exchange, one) as first,
        Background(exchange, other) as second,
    ):
        assert first.result() == second.result() == sent


@stream_contract.claim
def what_many_threads_write_is_never_mixed(face: StreamFace) -> None:
    def write_records(end: StreamUnderTest, letter: bytes) -> None:
        for number in range(_RECORDS):
            _write(end, letter * (number * 97 + 1) + b"\n")

    letters = [bytes([ord("a") + index]) for index in range(_WRITERS)]
    with face.connected_pair(kernel_buffer=_SMALL) as (one, other):
        writers = [Background(write_records, one, letter) for letter in letters]
        lines = [other.read_line(timeout=PATIENCE) for _ in range(_WRITERS * _RECORDS)]
        for writer in writers:
            writer.result()
    for letter in letters:
        assert [line for line in lines if line[:1] == letter] == [
            letter * (number * 97 + 1) for number in range(_RECORDS)
        ]


@stream_contract.claim
def each_line_goes_to_one_of_many_readers(face: StreamFace) -> None:
    def read_some(end: StreamUnderTest) -> list[bytes]:
        return [end.read_line(timeout=PATIENCE) for _ in range(_RECORDS)]

    sent = [b"%d" % number for number in range(_WRITERS * _RECORDS)]
    with face.connected_pair() as (one, other):
        readers = [Background(read_some, other) for _ in range(_WRITERS)]
        for line in sent:
            _write(one, line + b"\n")
        read = [reader.result() for reader in readers]
    assert sorted(itertools.chain.from_iterable(read)) == sorted(sent)
    for lines in read:
        assert lines == sorted(lines, key=int)


@stream_contract.claim
def after_closing_every_use_says_who_closed(face: StreamFace) -> None:
    ways: list[Callable[[StreamUnderTest], None]] = [lambda end: end.close(timeout=PATIENCE), lambda end: end.abort()]
    for close in ways:
        with face.connected_pair() as (one, other):
            _write(other, b"unread")
            close(one)
            close(one)
            for use in _uses(one):
                raises(ClosedByUs, use)


@stream_contract.claim
def closing_wakes_who_waits(face: StreamFace) -> None:
    limits = Limits(read_buffer=_SMALL, write_buffer=_SMALL)
    waits: list[Callable[[StreamUnderTest], object]] = [
        lambda end: end.read(timeout=FOREVER),
        lambda end: end.read_exactly(5, timeout=FOREVER),
        lambda end: end.read_line(timeout=FOREVER),
        lambda end: end.wait_disconnected(FOREVER),
        lambda end: end.write(bytes(MIB), timeout=FOREVER),
    ]
    for wait in waits:
        with face.connected_pair(limits=limits, kernel_buffer=_SMALL) as (one, _):
            waiter = Background(wait, one)
            waiter.wait_until_waiting()
            one.abort()
            raises(ClosedByUs, waiter.result)


@stream_contract.claim
def writing_to_who_has_gone_says_so(face: StreamFace) -> None:
    with face.connected_pair(limits=Limits(read_buffer=_SMALL), kernel_buffer=_SMALL) as (one, other):
        writer = Background(lambda: one.write(bytes(MIB), timeout=FOREVER))
        writer.wait_until_waiting()
        other.abort()
        gone = raises(ClosedByPeer, writer.result)
        assert 0 < gone.unsent < MIB
        raises((ClosedByPeer, ClosedByUs), lambda: _write(one, b"more"))


@stream_contract.claim
def closing_tells_how_much_was_kept_to_be_sent_and_is_lost(face: StreamFace) -> None:
    with face.connected_pair(limits=Limits(read_buffer=_SMALL), kernel_buffer=_SMALL) as (one, other):
        kept = raises(DeadlinePassed, lambda: one.write(bytes(MIB), timeout=_SOON)).queued
        other.abort()
        with contextlib.suppress(ClosedByPeer):  # which may find out, or find the end
            assert one.read(timeout=FOREVER) == b""
        assert raises(ClosedByPeer, lambda: one.close(timeout=PATIENCE)).unsent == kept
        one.close(timeout=PATIENCE)


@stream_contract.claim
def a_peer_that_leaves_is_noticed_and_what_it_sent_stays_readable(face: StreamFace) -> None:
    with face.connected_pair() as (one, other):
        assert not one.wait_disconnected(_SOON)
        _write(other, b"last words")
        waiter = Background(one.wait_disconnected, FOREVER)
        waiter.wait_until_waiting()
        other.close(timeout=PATIENCE)
        assert waiter.result()
        assert one.read_exactly(10, timeout=PATIENCE) == b"last words"
        assert one.read(timeout=PATIENCE) == b""
        raises(ClosedByPeer, lambda: _write(one, b"more"))


def _pattern(size: int) -> bytes:
    """Return bytes in which a piece that is missing, doubled or moved shows."""
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4))


def _write(end: StreamUnderTest, data: bytes) -> None:
    end.write(data, timeout=PATIENCE)


def _uses(end: StreamUnderTest) -> list[Callable[[], object]]:
    return [
        lambda: end.read(timeout=PATIENCE),
        lambda: end.read_exactly(1, timeout=PATIENCE),
        lambda: end.read_line(timeout=PATIENCE),
        lambda: _write(end, b"x"),
        lambda: end.shutdown_write(timeout=PATIENCE),
        lambda: end.wait_disconnected(PATIENCE),
    ]
