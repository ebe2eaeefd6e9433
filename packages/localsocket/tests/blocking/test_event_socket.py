"""One socket in a loop: which events come, in which order, how often, and which never."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import localsocket
from blocking.recorder import Recorder, turn, turn_idle
from cores import core as core
from localsocket import EventLoop, EventSocket, Handler, Limits, LocalSocket, SocketState
from localsocket.blocking.poller import READABLE
from localsocket.deadlines import Deadline
from localsocket.errors import (
    BrokenEndpoint,
    Busy,
    ClosedByPeer,
    ClosedByUs,
    DeadlinePassed,
    LineTooLong,
    LocalSocketError,
    WriteBufferFull,
)
from localsocket.interfaces import DEFAULT_LIMITS
from localsocket.testing import PATIENCE, Background, clog, connected_pair, wait_until

pytestmark = pytest.mark.usefixtures("core")  # the short way and the long one, compiled and not

MIB = 1 << 20


class Driven:
    """A socket in the loop, its peer, and the recorder that is told."""

    def __init__(self, loop: EventLoop, pair: tuple[LocalSocket, LocalSocket], handler: Recorder) -> None:
        self.loop = loop
        self.handler = handler
        socket, self.peer = pair
        self.socket = loop.add(socket, handler)

    @property
    def events(self) -> list[str]:
        return self.handler.events

    def turn(self, until: Callable[[], object]) -> None:
        turn(self.loop, until)

    def wait_for(self, event: str) -> None:
        turn(self.loop, lambda: event in self.events)


@pytest.fixture
def drive(loop: EventLoop) -> Iterator[Callable[..., Driven]]:
    pairs = []

    def drive(
        handler: Recorder | None = None, *, limits: Limits = DEFAULT_LIMITS, kernel_buffer: int | None = None
    ) -> Driven:
        pair = connected_pair(limits=limits, kernel_buffer=kernel_buffer)
        pairs.append(pair)
        return Driven(loop, pair.__enter__(), handler or Recorder())

    yield drive
    loop.close()
    for pair in pairs:
        pair.__exit__(None, None, None)


Drive = Callable[..., Driven]

# --- order ------------------------------------------------------------------------------------------------------------


def test_the_events_of_a_whole_life_come_in_order(drive: Drive) -> None:
    driven = drive()
    driven.peer.write(b"hello")
    driven.turn(lambda: driven.handler.received == b"hello")
    driven.socket.write(b"answer")
    driven.wait_for("bytes_written")
    assert driven.peer.read(timeout=PATIENCE) == b"answer"
    driven.peer.close()
    driven.wait_for("disconnected")
    turn_idle(driven.loop)
    assert driven.events == ["connected", "ready_read", "bytes_written", "end_of_stream", "disconnected"]


def test_nothing_is_told_before_the_loop_runs(drive: Drive) -> None:
    driven = drive()
    driven.peer.write(b"hello")
    driven.socket.write(b"early")
    assert driven.events == []
    assert driven.peer.read_exactly(5, timeout=PATIENCE) == b"early"


@pytest.mark.parametrize(
    "meddle",
    [
        lambda socket: socket.resume_reading(),
        lambda socket: socket.pause_reading() or socket.resume_reading(),
        lambda socket: socket.write(bytes(MIB)),
        lambda socket: socket.close(),
        lambda socket: socket.write(b"x") or socket.close(),
        lambda socket: socket.abort(),
        lambda socket: socket.shutdown_write(),
        lambda socket: socket.change_limits(Limits(read_buffer=3)),
    ],
    ids=["resume", "pause and resume", "write", "close", "write and close", "abort", "shutdown_write", "limits"],
)
@pytest.mark.parametrize("peer_leaves", [False, True])
def test_connected_comes_first_and_disconnected_last_whatever_is_done_before_the_loop_runs(
    drive: Drive, meddle: Callable[[EventSocket], object], peer_leaves: bool
) -> None:
    driven = drive()
    driven.peer.write(b"hello")
    if peer_leaves:
        driven.peer.abort()
    with contextlib.suppress(ClosedByPeer):
        meddle(driven.socket)
    turn_idle(driven.loop)
    assert driven.events[0] == "connected"
    driven.loop.close()
    assert driven.events[-1] == "disconnected"
    assert [driven.handler.count("connected"), driven.handler.count("disconnected")] == [1, 1]


def test_a_socket_that_was_never_announced_ends_without_a_word(drive: Drive) -> None:
    driven = drive()
    driven.loop.close()
    assert driven.events == []
    assert driven.socket.state is SocketState.CLOSED
    assert driven.peer.read(timeout=PATIENCE) == b""


def test_bytes_read_ahead_by_the_blocking_socket_are_told_first(loop: EventLoop) -> None:
    recorder = Recorder()
    with connected_pair() as (one, other):
        other.write(b"ahead")
        assert one.peek(9) == b"ahead"
        one.write_nowait(b"x")
        loop.add(one, recorder)
        assert one.state is SocketState.CLOSED
        turn_idle(loop)
        assert (recorder.events, recorder.received) == (["connected", "ready_read"], b"ahead")
        loop.close()


def test_bytes_queued_by_the_blocking_socket_are_sent(drive: Drive, loop: EventLoop) -> None:
    recorder = Recorder()
    with connected_pair() as (one, other):
        one.write_nowait(bytes(MIB))
        assert one.bytes_to_write
        loop.add(one, recorder)
        with Background(lambda: other.read_exactly(MIB, timeout=None)) as reader:
            turn(loop, lambda: reader.is_done)
        loop.close()


# --- reading ----------------------------------------------------------------------------------------------------------


def test_what_is_left_unread_is_not_told_again_until_more_arrives(drive: Drive) -> None:
    driven = drive(Recorder(reads=False))
    driven.peer.write(b"one")
    driven.wait_for("ready_read")
    turn_idle(driven.loop)
    assert driven.handler.count("ready_read") == 1
    driven.peer.write(b"two")
    driven.turn(lambda: driven.handler.count("ready_read") == 2)
    assert driven.socket.read_available() == b"onetwo"


def test_every_way_to_read_finds_the_chunk_that_the_loop_has_just_received(drive: Drive) -> None:
    reads: list[tuple[Callable[[EventSocket], object], object]] = [
        (lambda socket: socket.read_available(1), b"0"),
        (lambda socket: socket.read_exactly_nowait(1), b"0"),
        (lambda socket: socket.peek(2), b"0"),
        (lambda socket: socket.skip(2), 1),
        (lambda socket: socket.bytes_available, 1),
        (lambda socket: socket.has_line, False),
        (lambda socket: socket.is_at_end, False),
        (lambda socket: socket.unread(b"un") or socket.read_available(), b"un0"),
    ]
    for read, expected in reads:
        assert read(_short_way(drive).socket) == expected
    with pytest.raises(LineTooLong):
        _short_way(drive).socket.read_line_nowait(max_bytes=0)


def _short_way(drive: Drive) -> Driven:
    """Return a socket of which the loop hands chunks straight to the handler, which leaves them where they are."""
    driven = drive()
    driven.peer.write(b"read at once")
    driven.wait_for("ready_read")
    driven.handler.reads = False
    driven.peer.write(b"0")
    driven.turn(lambda: driven.handler.count("ready_read") == 2)
    assert driven.socket._fresh == b"0"
    return driven


def test_a_fresh_chunk_that_is_left_comes_before_the_next(drive: Drive) -> None:
    driven = _short_way(drive)
    driven.peer.write(b"1")
    driven.turn(lambda: driven.handler.count("ready_read") == 3)
    driven.peer.write(b"2")
    driven.turn(lambda: driven.handler.count("ready_read") == 4)
    assert driven.socket.read_available() == b"012"


def test_a_fresh_chunk_belongs_to_the_transaction(drive: Drive) -> None:
    driven = _short_way(drive)
    with pytest.raises(KeyError):
        _read_and_fail(driven.socket)
    assert driven.socket.read_available() == b"0"


def _read_and_fail(socket: EventSocket) -> None:
    with socket.transaction():
        assert socket.read_available() == b"0"
        raise KeyError


def test_a_fresh_chunk_is_not_lost_by_giving_the_socket_away(drive: Drive) -> None:
    driven = _short_way(drive)
    with pytest.raises(Busy, match="would be lost"):
        driven.socket.detach()
    handed_over = driven.socket._hand_over()
    assert handed_over.received.take_available() == b"0"
    handed_over.sock.close()


@pytest.mark.parametrize(
    ("meddle", "read"),
    [
        (lambda socket: socket.unread(b"back"), b"backnew"),
        (lambda socket: socket.pause_reading(), b"new"),
    ],
)
def test_another_thread_that_asks_for_care_while_the_loop_receives_gets_it(
    drive: Drive, meddle: Callable[[EventSocket], object], read: bytes
) -> None:
    driven = _short_way(drive)
    driven.socket.read_available()
    real = driven.socket._recv

    def receive_and_be_overtaken(size: int) -> bytes:
        chunk = real(size)
        Background(meddle, driven.socket).result()
        return chunk

    driven.socket._recv = receive_and_be_overtaken  # type: ignore[assignment]
    driven.peer.write(b"new")
    driven.turn(lambda: driven.handler.count("ready_read") == 3)
    driven.socket._recv = real
    assert driven.socket.read_available() == read


def test_a_socket_closed_while_the_loop_receives_gives_nothing_more(drive: Drive) -> None:
    driven = _short_way(drive)
    driven.socket.read_available()
    real = driven.socket._recv

    def receive_and_be_overtaken(size: int) -> bytes:
        chunk = real(size)
        Background(driven.socket.abort).result()
        return chunk

    driven.socket._recv = receive_and_be_overtaken  # type: ignore[assignment]
    driven.peer.write(b"new")
    driven.turn(lambda: driven.handler.count("ready_read") == 3)
    with pytest.raises(ClosedByUs):
        driven.socket.read_available()
    driven.wait_for("disconnected")


def test_pausing_holds_the_peer_back_and_resuming_loses_nothing(drive: Drive) -> None:
    driven = drive()
    driven.wait_for("connected")
    driven.socket.pause_reading()
    with Background(driven.peer.write, bytes(MIB)) as writer:
        writer.wait_until_waiting()
        turn_idle(driven.loop)
        assert driven.events == ["connected"]
        driven.socket.resume_reading()
        driven.turn(lambda: len(driven.handler.received) == MIB)


def test_a_paused_socket_whose_peer_leaves_costs_nothing_and_tells_later(drive: Drive) -> None:
    driven = drive()
    driven.wait_for("connected")
    driven.socket.pause_reading()
    driven.peer.write(b"last words")
    driven.peer.abort()
    driven.loop.call_soon(lambda: None)
    turn_idle(driven.loop)
    assert driven.socket._interest is None  # hang-up would be reported without end
    assert driven.events == ["connected"]
    driven.socket.resume_reading()
    driven.wait_for("disconnected")
    assert driven.handler.received == b"last words"


def test_a_socket_paused_when_bytes_are_ready_already_still_sends(drive: Drive) -> None:
    driven = drive(kernel_buffer=4096)
    driven.wait_for("connected")
    driven.socket.write(bytes(MIB))
    driven.socket.pause_reading()
    driven.socket._on_events(READABLE)  # what the loop had been told before
    with Background(lambda: driven.peer.read_exactly(MIB, timeout=None)) as reader:
        driven.turn(lambda: reader.is_done)


def test_a_full_buffer_is_held_and_goes_on_when_another_thread_reads(running_loop: EventLoop) -> None:
    recorder = Recorder(reads=False)
    with connected_pair(limits=Limits(read_buffer=1000)) as (one, other), Background(other.write, bytes(MIB)):
        socket = running_loop.add(one, recorder)
        received = 0
        while received < MIB:
            wait_until(lambda: socket.bytes_available)
            received += len(socket.read_available())
        socket.abort()
        recorder.wait_for("disconnected")


def test_a_write_only_socket_is_told_of_no_bytes(loop: EventLoop) -> None:
    recorder = Recorder()
    first, peer = localsocket.pair()
    with peer:
        loop.add(LocalSocket.adopt_descriptor(first.detach(), mode="w"), recorder)
        peer.write(bytes(MIB // 8))
        turn_idle(loop)
        with Background(lambda: peer.write(bytes(MIB), timeout=None)) as writer:
            turn(loop, lambda: writer.is_done)
        assert recorder.events == ["connected"]
    turn(loop, lambda: recorder.events[-1] == "disconnected")


# --- the end ----------------------------------------------------------------------------------------------------------


def test_the_end_of_stream_closes_unless_overridden(drive: Drive) -> None:
    driven = drive()
    driven.peer.write(b"all")
    driven.peer.shutdown_write()
    driven.wait_for("disconnected")
    assert driven.events == ["connected", "ready_read", "end_of_stream", "disconnected"]
    assert driven.peer.read(timeout=PATIENCE) == b""


def test_a_handler_may_answer_after_the_end_of_stream(drive: Drive) -> None:
    class Answering(Recorder):
        def end_of_stream(self, socket: EventSocket) -> None:
            socket.write(b"answer to " + self.received)
            socket.shutdown_write()

    driven = drive(Answering())
    driven.peer.write(b"question")
    driven.peer.shutdown_write()
    with Background(lambda: driven.peer.read_to_end(timeout=None)) as reader:
        driven.turn(lambda: reader.is_done)
        assert reader.result() == b"answer to question"
    driven.wait_for("disconnected")


def test_what_the_handler_left_stays_readable_after_the_peer_is_gone(drive: Drive) -> None:
    driven = drive(Recorder(reads=False, stays_open=True))
    driven.peer.write(b"last words")
    driven.peer.abort()
    driven.wait_for("end_of_stream")
    turn_idle(driven.loop)
    assert "disconnected" not in driven.events
    assert driven.socket._interest is None  # hang-up would be reported without end
    assert driven.socket.read_available(4) == b"last"
    turn_idle(driven.loop)
    assert driven.socket.read_available() == b" words"
    driven.wait_for("disconnected")
    assert driven.events.count("end_of_stream") == 1


def test_what_a_transaction_gives_back_stays_readable_after_the_peer_is_gone(drive: Drive) -> None:
    driven = drive(Recorder(reads=False, stays_open=True))
    driven.peer.write(b"last words")
    driven.wait_for("ready_read")
    with contextlib.suppress(KeyError), driven.socket.transaction():
        assert driven.socket.read_available() == b"last words"
        driven.peer.close()
        driven.wait_for("end_of_stream")
        turn_idle(driven.loop)
        raise KeyError
    turn_idle(driven.loop)
    with driven.socket.transaction():
        assert driven.socket.read_available() == b"last words"
    driven.wait_for("disconnected")


def test_a_socket_that_nobody_closes_is_over_when_the_peer_is_gone(drive: Drive) -> None:
    driven = drive(Recorder(stays_open=True))
    driven.peer.shutdown_write()
    driven.wait_for("end_of_stream")
    driven.socket.write(b"answer")
    assert driven.peer.read_exactly(6, timeout=PATIENCE) == b"answer"
    turn_idle(driven.loop)
    driven.peer.close()
    driven.wait_for("disconnected")
    assert driven.handler.errors == []


def test_after_the_peer_has_left_another_thread_finds_that_and_not_a_close_of_ours(drive: Drive) -> None:
    driven = drive(Recorder(stays_open=True))
    driven.peer.close()
    driven.wait_for("disconnected")
    with pytest.raises(ClosedByPeer):
        driven.socket.read_available()
    with pytest.raises(ClosedByPeer):
        driven.socket.write(b"x")


def test_bytes_that_a_peer_did_not_take_before_it_left_are_told_as_lost(drive: Drive) -> None:
    driven = drive(Recorder(stays_open=True), kernel_buffer=4096)
    driven.socket.write(bytes(MIB))
    driven.peer.shutdown_write()
    driven.wait_for("end_of_stream")
    queued = driven.socket.bytes_to_write
    assert queued
    driven.peer.abort()
    driven.wait_for("disconnected")
    (error,) = driven.handler.errors
    assert isinstance(error, ClosedByPeer)
    assert error.unsent == queued
    assert driven.events[-2:] == ["failed", "disconnected"]


def test_a_peer_that_left_without_reading_is_told_as_failed(drive: Drive) -> None:
    driven = drive()
    driven.wait_for("connected")
    driven.socket.write(b"never read")
    driven.peer.write(b"last words")
    driven.peer.abort()
    driven.wait_for("disconnected")
    assert driven.handler.received == b"last words"
    (error,) = driven.handler.errors
    assert isinstance(error, ClosedByPeer)
    assert driven.events.count("failed") == 1


def test_a_handler_that_writes_when_it_is_told_of_a_failure_is_told_once(drive: Drive) -> None:
    class Stubborn(Recorder):
        def ready_read(self, socket: EventSocket) -> None:
            super().ready_read(socket)
            socket.write(b"answer")

        def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
            super().failed(socket, error)
            socket.write(b"more")

    driven = drive(Stubborn())
    driven.peer.write(b"question")
    driven.peer.abort()
    driven.wait_for("disconnected")
    assert driven.events == ["connected", "ready_read", "failed", "disconnected"]
    assert isinstance(driven.handler.errors[0], ClosedByPeer)


# --- writing ----------------------------------------------------------------------------------------------------------


def test_every_byte_is_told_as_written_once(drive: Drive) -> None:
    driven = drive()
    driven.wait_for("connected")
    driven.socket.write(b"")
    driven.socket.write(b"small")
    driven.socket.write(bytes(2 * MIB))
    driven.socket.flush_nowait()
    with Background(lambda: driven.peer.read_exactly(5 + 2 * MIB, timeout=None)) as reader:
        driven.turn(lambda: reader.is_done)
    turn_idle(driven.loop)
    assert driven.handler.written == 5 + 2 * MIB


def test_what_is_written_in_one_turn_is_told_at_once(drive: Drive) -> None:
    driven = drive()
    driven.wait_for("connected")
    for _ in range(3):
        driven.socket.write(b"small")
    turn_idle(driven.loop)
    assert (driven.handler.count("bytes_written"), driven.handler.written) == (1, 15)


def test_what_flush_sends_is_told_too(drive: Drive) -> None:
    driven = drive()
    driven.wait_for("connected")
    driven.socket.write(bytes(MIB))
    with Background(lambda: driven.peer.read_exactly(MIB, timeout=None)):
        wait_until(lambda: not driven.socket.flush_nowait())
    turn_idle(driven.loop)
    assert driven.handler.written == MIB


def test_the_handler_is_never_told_from_within_its_own_write(drive: Drive) -> None:
    class Watching(Recorder):
        is_writing = False

        def connected(self, socket: EventSocket) -> None:
            super().connected(socket)
            self.is_writing = True
            socket.write(b"hello")
            self.is_writing = False

        def bytes_written(self, socket: EventSocket, count: int) -> None:
            assert not self.is_writing
            super().bytes_written(socket, count)

    driven = drive(Watching())
    driven.wait_for("bytes_written")
    assert driven.handler.written == 5


def test_a_handler_that_does_not_ask_is_not_told_of_bytes_written(loop: EventLoop) -> None:
    class Plain(Handler):
        def ready_read(self, socket: EventSocket) -> None:
            socket.write(socket.read_available())

    with connected_pair() as (one, other):
        socket = loop.add(one, Plain())
        assert socket._on_sent is None
        loop.close()
        assert other.read(timeout=PATIENCE) == b""


def test_a_write_too_many_is_an_error_of_the_handler_unless_it_is_caught(
    drive: Drive, caplog: pytest.LogCaptureFixture
) -> None:
    class Chatty(Recorder):
        def ready_read(self, socket: EventSocket) -> None:
            super().ready_read(socket)
            while True:
                socket.write(bytes(100_000))

    driven = drive(Chatty(), limits=Limits(write_buffer=MIB))
    driven.peer.write(b"x")
    driven.wait_for("disconnected")
    (record,) = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], WriteBufferFull)


def test_other_threads_write_whole_records(running_loop: EventLoop) -> None:
    recorder = Recorder()
    with connected_pair(kernel_buffer=4096) as (one, other):
        socket = running_loop.add(one, recorder)
        recorder.wait_for("connected")
        records = [bytes([65 + index]) * 5000 + b"\n" for index in range(8)]

        def write_often(record: bytes) -> None:
            for _ in range(20):
                socket.write(record)

        writers = [Background(write_often, record) for record in records]
        lines = [other.read_line(timeout=PATIENCE) + b"\n" for _ in range(160)]
        for writer in writers:
            writer.result()
        assert sorted(lines) == sorted(records * 20)
        socket.abort()
        recorder.wait_for("disconnected")
        assert recorder.written == 160 * 5001


def test_finishing_to_send_waits_for_what_is_queued(drive: Drive) -> None:
    driven = drive(kernel_buffer=4096)
    driven.wait_for("connected")
    driven.socket.write(bytes(MIB))
    driven.socket.shutdown_write()
    with pytest.raises(ClosedByUs, match="writing half"):
        driven.socket.write(b"more")
    with Background(lambda: driven.peer.read_to_end(timeout=None)) as reader:
        driven.turn(lambda: reader.is_done)
        assert reader.result() == bytes(MIB)
    driven.peer.write(b"still heard")
    driven.turn(lambda: driven.handler.received == b"still heard")


# --- closing ----------------------------------------------------------------------------------------------------------


def test_closing_sends_what_is_unsent_first(drive: Drive) -> None:
    driven = drive()
    driven.socket.write(bytes(2 * MIB))
    driven.socket.close()
    assert driven.socket.state is SocketState.CLOSING
    with Background(lambda: driven.peer.read_to_end(timeout=None)) as reader:
        driven.turn(lambda: reader.is_done)
        assert len(reader.result()) == 2 * MIB
    driven.wait_for("disconnected")
    assert driven.handler.errors == []


@pytest.mark.parametrize("timeout", [0, 0.02])
def test_a_close_that_comes_too_late_says_how_much_is_lost(drive: Drive, timeout: float) -> None:
    driven = drive()
    driven.wait_for("connected")
    clog(driven.socket)
    driven.socket.write(b"unsent")
    driven.socket.close(timeout=timeout)
    driven.wait_for("disconnected")
    (error,) = driven.handler.errors
    assert isinstance(error, DeadlinePassed)
    assert error.queued == 6


def test_a_close_without_a_deadline_waits_for_the_peer(drive: Drive) -> None:
    driven = drive()
    driven.wait_for("connected")
    on_the_way = clog(driven.socket)
    driven.socket.write(b"unsent")
    driven.socket.close(timeout=None)
    driven.loop.run(timeout=0.05)
    assert driven.socket.state is SocketState.CLOSING
    with Background(lambda: driven.peer.read_to_end(timeout=None)) as reader:
        driven.turn(lambda: reader.is_done)
        assert reader.result() == bytes(on_the_way) + b"unsent"


@pytest.mark.parametrize("finishes_first", [True, False])
def test_a_peer_that_leaves_while_we_close_is_told_as_failed(drive: Drive, finishes_first: bool) -> None:
    driven = drive(kernel_buffer=4096)
    driven.wait_for("connected")
    driven.socket.write(bytes(MIB))
    driven.socket.close()
    turn_idle(driven.loop)
    if finishes_first:
        driven.peer.shutdown_write()
        turn_idle(driven.loop)
    driven.peer.abort()
    driven.wait_for("disconnected")
    (error,) = driven.handler.errors
    assert isinstance(error, ClosedByPeer)
    assert error.unsent > 0


def test_a_socket_whose_writing_failed_closes_with_that_reason(drive: Drive) -> None:
    driven = drive(Recorder(stays_open=True))
    driven.wait_for("connected")
    driven.peer.abort()
    with pytest.raises(ClosedByPeer):
        driven.socket.write(b"lost")
    with pytest.raises(ClosedByPeer):
        driven.socket.shutdown_write()
    driven.socket.close()
    driven.wait_for("disconnected")
    assert [type(error) for error in driven.handler.errors] == [ClosedByPeer]


@pytest.mark.parametrize("paused", [False, True])
def test_what_arrives_while_closing_is_thrown_away(drive: Drive, paused: bool) -> None:
    driven = drive(kernel_buffer=4096, limits=Limits(read_buffer=1))  # else the peer would read while it writes
    driven.wait_for("connected")
    if paused:
        driven.socket.pause_reading()
    driven.socket.write(bytes(MIB))
    driven.socket.close()
    with Background(lambda: driven.peer.write(bytes(MIB), timeout=None)) as writer:
        driven.turn(lambda: writer.is_done)
    driven.peer.abort()
    driven.wait_for("disconnected")
    assert "ready_read" not in driven.events


@pytest.mark.parametrize("timeout", [-1, float("nan"), "1"])
def test_close_checks_its_time(drive: Drive, timeout: Any) -> None:
    driven = drive()
    with pytest.raises((ValueError, TypeError), match="timeout must"):
        driven.socket.close(timeout=timeout)
    assert driven.socket.state is SocketState.CONNECTED


@pytest.mark.parametrize("event", ["connected", "ready_read", "bytes_written", "end_of_stream"])
@pytest.mark.parametrize("end", ["close", "abort"])
def test_a_handler_may_close_in_any_event_and_hears_only_that_it_is_over(drive: Drive, event: str, end: str) -> None:
    handler = Recorder()
    original = getattr(handler, event)

    def close_in_event(socket: EventSocket, *rest: object) -> None:
        original(socket, *rest)
        getattr(socket, end)()

    setattr(handler, event, close_in_event)
    driven = drive(handler)
    driven.socket.write(b"x")
    driven.peer.write(b"hello")
    driven.peer.shutdown_write()
    driven.wait_for("disconnected")
    turn_idle(driven.loop)
    assert driven.events[-1] == "disconnected"
    assert driven.events[-2] in (event, "bytes_written")
    assert driven.handler.count("disconnected") == 1


# --- errors of the handler --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["connected", "ready_read", "bytes_written", "end_of_stream", "disconnected"])
def test_an_exception_closes_that_connection_only_and_is_logged(
    drive: Drive, event: str, caplog: pytest.LogCaptureFixture
) -> None:
    handler = Recorder()
    original = getattr(handler, event)

    def fail(socket: EventSocket, *rest: object) -> None:
        original(socket, *rest)
        raise ZeroDivisionError

    setattr(handler, event, fail)
    other = drive()
    driven = drive(handler)
    driven.socket.write(b"x")
    for peer in (driven.peer, other.peer):
        peer.write(b"hello")
    driven.turn(lambda: other.handler.received == b"hello")
    driven.peer.shutdown_write()
    driven.wait_for("disconnected")
    turn_idle(driven.loop)
    assert driven.handler.count("disconnected") == 1
    assert other.events == ["connected", "ready_read"]
    assert {record.levelno for record in caplog.records} == {logging.ERROR}
    assert "because its handler failed" in caplog.records[0].getMessage()


def test_an_exception_in_failed_is_logged_and_ends_it_all_the_same(
    drive: Drive, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Recorder):
        def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
            super().failed(socket, error)
            raise ZeroDivisionError

    driven = drive(Failing())
    driven.wait_for("connected")
    driven.socket.write(b"never read")
    driven.peer.abort()
    driven.wait_for("disconnected")
    turn_idle(driven.loop)
    assert driven.events[-2:] == ["failed", "disconnected"]
    assert len(caplog.records) == 1


def test_a_socket_closed_by_another_thread_in_the_midst_of_an_event_is_nobodys_mistake(
    drive: Drive, caplog: pytest.LogCaptureFixture
) -> None:
    class Slow(Recorder):
        def ready_read(self, socket: EventSocket) -> None:
            Background(socket.abort).result()
            super().ready_read(socket)

    driven = drive(Slow())
    driven.peer.write(b"hello")
    driven.wait_for("disconnected")
    assert driven.events == ["connected", "disconnected"]
    assert not caplog.records


def test_an_interrupt_leaves_the_loop_and_the_loop_can_go_on(drive: Drive) -> None:
    class Interrupted(Recorder):
        def ready_read(self, socket: EventSocket) -> None:
            super().ready_read(socket)
            raise KeyboardInterrupt

    driven = drive(Interrupted())
    driven.peer.write(b"hello")
    with pytest.raises(KeyboardInterrupt):
        driven.turn(lambda: False)
    driven.peer.close()
    driven.wait_for("disconnected")
    assert driven.handler.received == b"hello"


def test_a_detached_socket_is_told_of_no_more(drive: Drive) -> None:
    driven = drive()
    driven.wait_for("connected")
    descriptor = driven.socket.detach()
    with LocalSocket.adopt_descriptor(descriptor) as mine:
        driven.peer.write(b"hello")
        turn_idle(driven.loop)
        assert driven.events == ["connected"]
        assert mine.read(timeout=PATIENCE) == b"hello"


def test_the_context_belongs_to_the_handler(drive: Drive) -> None:
    driven = drive()
    assert driven.socket.context is None
    driven.socket.context = {"mine": 1}
    assert driven.socket.context == {"mine": 1}


def test_a_socket_detached_before_it_is_announced_is_never_told_of(drive: Drive) -> None:
    driven = drive()
    LocalSocket.adopt_descriptor(driven.socket.detach()).close()
    turn_idle(driven.loop)
    assert driven.events == []


# --- what a kernel does seldom ----------------------------------------------------------------------------------------


def test_readiness_that_comes_to_nothing_changes_nothing(drive: Drive) -> None:
    driven = _short_way(drive)
    driven.socket.read_available()
    for _ in range(2):
        driven.socket._on_events(READABLE)  # the short way, then with care
        driven.socket.peek(1)
    assert driven.socket.state is SocketState.CONNECTED
    driven.peer.write(b"new")
    driven.turn(lambda: driven.handler.count("ready_read") == 3)
    assert driven.socket.read_available() == b"new"


def test_readiness_after_the_end_changes_nothing(drive: Drive) -> None:
    driven = drive(Recorder(stays_open=True))
    driven.peer.shutdown_write()
    driven.wait_for("end_of_stream")
    driven.socket._on_events(READABLE)
    assert driven.events == ["connected", "end_of_stream"]


def test_an_error_in_receiving_that_nobody_expected_is_told_with_its_cause(drive: Drive) -> None:
    driven = _short_way(drive)
    driven.socket.read_available()

    def fail(_: int) -> bytes:
        raise OSError(5, "Input/output error")

    driven.socket._recv = fail
    driven.peer.write(b"x")
    driven.wait_for("disconnected")
    (error,) = driven.handler.errors
    assert isinstance(error, BrokenEndpoint)
    assert str(error) == "reading failed: Input/output error"


def test_a_handler_that_uses_its_socket_after_the_end_is_nobodys_mistake(
    drive: Drive, caplog: pytest.LogCaptureFixture
) -> None:
    class Late(Recorder):
        def disconnected(self, socket: EventSocket) -> None:
            super().disconnected(socket)
            socket.write(b"goodbye")

    driven = drive(Late(stays_open=True))
    driven.peer.close()
    driven.wait_for("disconnected")
    assert not caplog.records


def test_a_handler_that_raises_at_the_end_what_it_was_told_is_nobodys_mistake(
    drive: Drive, caplog: pytest.LogCaptureFixture
) -> None:
    class Raising(Recorder):
        def disconnected(self, socket: EventSocket) -> None:
            super().disconnected(socket)
            raise self.errors[0]

    driven = drive(Raising(), kernel_buffer=4096)
    driven.socket.write(bytes(MIB))
    driven.peer.abort()
    driven.wait_for("disconnected")
    assert driven.events[-2:] == ["failed", "disconnected"]
    assert not caplog.records


def test_a_close_that_was_overtaken_by_the_end_is_not_late(drive: Drive) -> None:
    driven = drive(kernel_buffer=4096)
    driven.wait_for("connected")
    driven.socket.write(bytes(MIB))
    driven.socket.close(timeout=PATIENCE)
    with Background(lambda: driven.peer.read_to_end(timeout=None)):
        driven.wait_for("disconnected")
    driven.socket._give_up_closing(Deadline(0))  # as the loop's timer does, later
    assert driven.handler.errors == []
