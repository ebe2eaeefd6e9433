"""Writing: what is sent at once, what waits, what is refused, what is lost, and that it is said."""

from __future__ import annotations

import array
from collections.abc import Iterator
from typing import Any

import pytest

import localsocket
from blocking.conftest import Ends, MakeEnds
from localsocket import Limits, LocalSocket
from localsocket.errors import BrokenEndpoint, ClosedByPeer, ClosedByUs, DeadlinePassed, WriteBufferFull
from localsocket.testing import (
    PATIENCE,
    Background,
    FloodingPeer,
    SilentPeer,
    clog,
    clogged_pair,
    connected_pair,
    set_kernel_buffer,
    wait_until,
)

SOON = 0.02
MIB = 1 << 20


def pattern(size: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4))


# --- both faces -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"data",
        bytearray(b"data"),
        memoryview(b"data"),
        memoryview(array.array("H", b"data")),
        memoryview(b"d.a.t.a")[::2],
    ],
    ids=["bytes", "bytearray", "memoryview", "of other items", "with gaps"],
)
def test_every_kind_of_buffer_is_sent_byte_for_byte(ends: Ends, data: Any) -> None:
    ends.socket.write_nowait(data)
    ends.socket.write(data)
    assert ends.peer.read_exactly(8, timeout=PATIENCE) == b"datadata"


@pytest.mark.parametrize("data", ["text", 7, None, [1, 2]])
def test_only_bytes_can_be_sent(ends: Ends, data: Any) -> None:
    for write in (ends.socket.write, ends.socket.write_nowait):
        with pytest.raises(TypeError, match="data must be bytes"):
            write(data)


@pytest.mark.long
def test_what_the_kernel_does_not_take_is_queued_and_sent_later(ends: Ends) -> None:
    sent = pattern(4 * MIB)
    ends.socket.write_nowait(sent)
    assert 0 < ends.socket.bytes_to_write < len(sent)
    with Background(lambda: ends.peer.read_exactly(len(sent), timeout=None)) as reader:
        wait_until(lambda: not ends.socket.flush_nowait())
        assert reader.result() == sent
    assert ends.socket.bytes_to_write == 0


def test_what_is_queued_is_copied_before_the_call_returns(ends: Ends) -> None:
    changed = bytearray(b"a" * MIB)
    ends.socket.write_nowait(changed)
    changed[:] = b"b" * MIB
    with Background(lambda: ends.peer.read_exactly(MIB, timeout=None)) as reader:
        wait_until(lambda: not ends.socket.flush_nowait())
        assert reader.result() == b"a" * MIB


def test_a_write_beyond_the_limit_is_refused_whole(make_ends: MakeEnds) -> None:
    ends = make_ends(limits=Limits(write_buffer=MIB))
    ends.socket.write_nowait(bytes(MIB))
    queued = ends.socket.bytes_to_write
    with pytest.raises(WriteBufferFull, match="or raise Limits") as caught:
        ends.socket.write_nowait(bytes(MIB))
    assert (caught.value.queued, caught.value.limit) == (queued, MIB)
    assert ends.socket.bytes_to_write == queued
    ends.socket.write_nowait(bytes(MIB - queued))
    assert ends.socket.bytes_to_write == MIB


def test_one_write_larger_than_the_limit_is_taken_when_nothing_else_waits(make_ends: MakeEnds) -> None:
    ends = make_ends(limits=Limits(write_buffer=1000))
    ends.socket.write_nowait(bytes(MIB))
    assert ends.socket.bytes_to_write > 1000


@pytest.mark.long
def test_queued_bytes_come_before_those_written_after_them(ends: Ends) -> None:
    sent = pattern(4 * MIB)
    for start in range(0, len(sent), MIB):
        ends.socket.write_nowait(sent[start : start + MIB])
    with Background(lambda: ends.peer.read_exactly(len(sent), timeout=None)) as reader:
        wait_until(lambda: not ends.socket.flush_nowait())
        assert reader.result() == sent


def test_writing_to_a_peer_that_has_gone_says_so(ends: Ends) -> None:
    ends.peer.abort()
    for write in (ends.socket.write, ends.socket.write_nowait):
        with pytest.raises((ClosedByPeer, ClosedByUs)):
            write(b"data")


def test_flushing_does_not_hide_that_bytes_are_lost() -> None:
    with connected_pair() as (one, other):
        one.write_nowait(bytes(MIB))
        queued = one.bytes_to_write
        other.abort()
        for _ in range(2):
            with pytest.raises(ClosedByPeer, match=f"{queued} bytes were not sent") as caught:
                one.flush_nowait()
            assert caught.value.unsent == queued
        with pytest.raises(ClosedByPeer):
            one.flush()
        one.close()  # which has nothing to tell any more


def test_an_error_that_nobody_expected_is_kept_as_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    with connected_pair() as (one, _):

        def fail(*_: object) -> int:
            raise OSError(5, "Input/output error")

        one._send = fail  # what a kernel cannot be made to do here
        with pytest.raises(BrokenEndpoint, match="writing failed: Input/output error") as caught:
            one.write(b"data")
        assert isinstance(caught.value.__cause__, OSError)
        with pytest.raises(BrokenEndpoint):
            one.write_nowait(b"data")


# --- waiting ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def clogged() -> Iterator[tuple[LocalSocket, LocalSocket, int]]:
    with clogged_pair() as clogged:
        yield clogged


@pytest.mark.long
def test_a_write_waits_until_the_kernel_has_taken_everything() -> None:
    sent = pattern(4 * MIB)
    with connected_pair(kernel_buffer=4096) as (one, other), Background(one.write, sent) as writer:
        writer.wait_until_waiting()
        assert other.read_exactly(len(sent), timeout=PATIENCE) == sent
        writer.result()
        assert one.bytes_to_write == 0


@pytest.mark.parametrize("timeout", [0, SOON])
def test_a_late_write_that_found_other_bytes_waiting_has_written_nothing(timeout: float) -> None:
    with clogged_pair(limits=Limits(write_buffer=100)) as (one, other, on_the_way):
        with pytest.raises(DeadlinePassed) as first:
            one.write(b"a" * 90, timeout=timeout)
        assert first.value.queued == 90
        with pytest.raises(DeadlinePassed, match="writing took longer than") as second:
            one.write(b"b" * 90, timeout=timeout)
        assert second.value.queued == 0
        assert one.bytes_to_write == 90
        assert other.read_exactly(on_the_way, timeout=PATIENCE) == bytes(on_the_way)
        one.write(b"b" * 90, timeout=PATIENCE)
        assert other.read_exactly(180, timeout=PATIENCE) == b"a" * 90 + b"b" * 90


def test_a_late_write_keeps_the_rest_of_what_it_began() -> None:
    sent = bytearray(pattern(MIB))
    with connected_pair(kernel_buffer=4096) as (one, other):
        with pytest.raises(DeadlinePassed, match="stay queued") as caught:
            one.write(sent, timeout=SOON)
        assert caught.value.queued == one.bytes_to_write
        assert 0 < caught.value.queued < len(sent)
        kept = bytes(sent)
        sent[:] = bytes(len(sent))  # the caller may do what it likes with it now
        with Background(lambda: other.read_exactly(MIB, timeout=None)) as reader:
            one.flush(timeout=PATIENCE)
            assert reader.result() == kept


def test_a_late_write_is_no_error_if_another_thread_has_sent_its_rest() -> None:
    class Overtaken(LocalSocket):
        """Has something happen between its deadline and what it does then."""

        def _wait_for(self, *arguments: Any, **options: Any) -> Any:
            try:
                return super()._wait_for(*arguments, **options)
            except DeadlinePassed:
                other.read_exactly(on_the_way, timeout=PATIENCE)
                assert Background(self.flush_nowait).result() == 0
                Background(self.write_nowait, b"after").result()
                raise

    first, other = localsocket.pair()
    with other, Overtaken.adopt_descriptor(first.detach()) as one:
        on_the_way = clog(one)
        one.write(b"before", timeout=0)
        assert other.read_exactly(11, timeout=PATIENCE) == b"beforeafter"


def test_flushing_waits_for_what_is_queued(clogged: tuple[LocalSocket, LocalSocket, int]) -> None:
    one, other, on_the_way = clogged
    one.write_nowait(b"queued")
    for timeout in (0, SOON):
        with pytest.raises(DeadlinePassed, match="flushing"):
            one.flush(timeout=timeout)
    with Background(one.flush) as flusher:
        flusher.wait_until_waiting()
        other.read_exactly(on_the_way, timeout=PATIENCE)
        flusher.result()
    assert other.read_exactly(6, timeout=PATIENCE) == b"queued"
    one.flush(timeout=0)


def test_a_writer_is_woken_when_another_thread_sends_its_bytes(clogged: tuple[LocalSocket, LocalSocket, int]) -> None:
    one, _, _ = clogged
    with Background(lambda: one.write(b"waiting", timeout=None)) as writer:
        writer.wait_until_waiting()
        one._send = lambda data, _: len(data)  # just enough room: poll() tells the writer nothing
        assert one.flush_nowait() == 0
        writer.result()


def test_a_thread_that_waits_to_read_sends_what_is_queued_later(clogged: tuple[LocalSocket, LocalSocket, int]) -> None:
    one, other, on_the_way = clogged
    with Background(lambda: one.read_exactly(6, timeout=None)) as reader:
        reader.wait_until_waiting()
        one.write_nowait(b"question")
        assert other.read_exactly(on_the_way + 8, timeout=PATIENCE).endswith(b"question")
        other.write(b"answer")
        assert reader.result() == b"answer"


def test_a_thread_that_waits_to_write_takes_in_what_arrives() -> None:
    with FloodingPeer.facing(limits=Limits(read_buffer=8 * MIB)) as (peer, socket):
        set_kernel_buffer(socket, 4096)
        peer.misbehave(b"flood")
        wait_until(lambda: peer.sent)

        def takes_in() -> bool:
            with pytest.raises(DeadlinePassed):
                socket.write(bytes(MIB), timeout=SOON)
            return socket._received.room < 8 * MIB

        wait_until(takes_in)


def test_a_peer_that_never_reads_keeps_nobody_longer_than_allowed() -> None:
    with SilentPeer.facing() as (_, socket):
        with pytest.raises(DeadlinePassed):
            socket.write(bytes(4 * MIB), timeout=SOON)
        with pytest.raises(DeadlinePassed, match=f"{socket.bytes_to_write} bytes stay queued"):
            socket.close(timeout=SOON)


def test_a_writer_learns_how_much_was_lost_when_the_peer_goes(clogged: tuple[LocalSocket, LocalSocket, int]) -> None:
    one, other, _ = clogged
    writers = [Background(lambda: one.write(b"lost", timeout=None)) for _ in range(3)]
    wait_until(lambda: one.bytes_to_write == 12)
    other.abort()
    for writer in writers:
        with pytest.raises(ClosedByPeer, match="12 bytes were not sent") as caught:
            writer.result()
        assert caught.value.unsent == 12


@pytest.mark.parametrize("timeout", [-1, float("nan"), "1", True])
def test_times_are_checked(clogged: tuple[LocalSocket, LocalSocket, int], timeout: Any) -> None:
    for call in (lambda: clogged[0].write(b"x", timeout=timeout), lambda: clogged[0].flush(timeout=timeout)):
        with pytest.raises((ValueError, TypeError), match="timeout must"):
            call()
    assert clogged[0].bytes_to_write == 0
