"""How a connection ends: closed, aborted, half closed, given away, and what is true after."""

from __future__ import annotations

import contextlib
import os
import re
import socket as standard
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import localsocket
from blocking.conftest import Ends, MakeEnds
from localsocket import ANY_USER, Limits, LocalSocket, SocketState
from localsocket.blocking.waiting import READABLE, lend_waker
from localsocket.errors import (
    Busy,
    ClosedByPeer,
    ClosedByUs,
    DeadlinePassed,
    PeerRefused,
    PeerUnknown,
    UnsuitableDescriptor,
    WrongMode,
)
from localsocket.testing import PATIENCE, Background, SilentPeer, clogged_pair, connected_pair, wait_until

SOON = 0.02
MIB = 1 << 20

# --- both faces -------------------------------------------------------------------------------------------------------

USES: dict[str, Callable[[Any], object]] = {
    "read_available": lambda socket: socket.read_available(),
    "read_exactly_nowait": lambda socket: socket.read_exactly_nowait(1),
    "read_line_nowait": lambda socket: socket.read_line_nowait(),
    "peek": lambda socket: socket.peek(1),
    "skip": lambda socket: socket.skip(1),
    "unread": lambda socket: socket.unread(b"x"),
    "transaction": lambda socket: socket.transaction().__enter__(),
    "write": lambda socket: socket.write(b"x"),
    "write_nowait": lambda socket: socket.write_nowait(b"x"),
    "flush_nowait": lambda socket: socket.flush_nowait(),
    "shutdown_write": lambda socket: socket.shutdown_write(),
    "detach": lambda socket: socket.detach(),
    "hand_over": lambda socket: socket._hand_over(),
}


def test_a_socket_is_connected_then_closed(ends: Ends) -> None:
    assert (ends.socket.state, ends.socket.is_connected) == (SocketState.CONNECTED, True)
    assert ends.socket.fileno() >= 0
    ends.socket.close()
    wait_until(lambda: ends.socket.state is SocketState.CLOSED)
    wait_until(lambda: ends.socket.fileno() == -1)
    assert not ends.socket.is_connected
    assert ends.socket.is_at_end
    assert ends.peer.read(timeout=PATIENCE) == b""


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("close", ["close", "abort"])
def test_after_its_end_every_use_says_who_closed_it(ends: Ends, close: str, use: Callable[[Any], object]) -> None:
    ends.arrive(b"unread")
    getattr(ends.socket, close)()
    with pytest.raises(ClosedByUs, match="the socket was closed by this program"):
        use(ends.socket)


@pytest.mark.parametrize("close", ["close", "abort"])
def test_what_only_tells_can_be_asked_after_the_end(ends: Ends, close: str) -> None:
    ends.arrive(b"unread")
    getattr(ends.socket, close)()
    wait_until(lambda: ends.socket.state is SocketState.CLOSED)
    assert (ends.socket.bytes_available, ends.socket.bytes_to_write, ends.socket.has_line) == (0, 0, False)
    assert ends.socket.is_at_end
    assert not ends.socket.is_in_transaction
    assert "closed" in repr(ends.socket)


def test_ending_it_again_is_fine(ends: Ends) -> None:
    for _ in range(2):
        ends.socket.close()
        ends.socket.abort()


def test_closing_sends_what_is_unsent(ends: Ends) -> None:
    sent = bytes(index % 251 for index in range(MIB))
    ends.socket.write_nowait(sent)
    with Background(lambda: ends.peer.read_to_end(timeout=None)) as reader:
        ends.socket.close()
        assert reader.result() == sent


def test_aborting_sends_nothing_more(ends: Ends) -> None:
    ends.socket.write_nowait(bytes(MIB))
    taken = MIB - ends.socket.bytes_to_write
    ends.socket.abort()
    assert len(ends.peer.read_to_end(timeout=PATIENCE)) == taken


def test_one_side_may_finish_and_still_read(ends: Ends) -> None:
    ends.socket.write_nowait(b"question")
    for _ in range(2):
        ends.socket.shutdown_write()
    assert ends.peer.read_to_end(timeout=PATIENCE) == b"question"
    with pytest.raises(ClosedByUs, match="writing half"):
        ends.socket.write(b"more")
    with pytest.raises(ClosedByUs, match="writing half"):
        ends.socket.write_nowait(b"more")
    assert ends.socket.is_connected
    ends.arrive(b"answer")
    assert ends.socket.read_available() == b"answer"


def test_the_peer_may_finish_and_still_be_written_to(ends: Ends) -> None:
    ends.end()
    assert ends.socket.is_connected
    ends.socket.write(b"answer")
    assert ends.peer.read_exactly(6, timeout=PATIENCE) == b"answer"


def test_a_peer_that_leaves_is_noticed(ends: Ends) -> None:
    assert ends.socket.is_connected
    ends.peer.close()
    wait_until(lambda: not ends.socket.is_connected)


def test_repr_tells_what_one_wants_to_know(ends: Ends) -> None:
    ends.arrive(b"12345")
    kind = type(ends.socket).__name__
    assert re.fullmatch(
        rf"<{kind} '' connected, peer pid={os.getpid()} uid={os.geteuid()}, 5 bytes read ahead, 0 to write>",
        repr(ends.socket),
    )


# --- modes ------------------------------------------------------------------------------------------------------------


def test_a_socket_for_reading_refuses_to_write(make_ends: MakeEnds) -> None:
    ends = make_ends(mode="r")
    for write in (ends.socket.write, ends.socket.write_nowait):
        with pytest.raises(WrongMode, match="writing is not possible: the socket was opened with mode='r'"):
            write(b"data")
    ends.arrive(b"data")
    assert ends.socket.read_available() == b"data"


@pytest.mark.long
def test_a_socket_for_writing_throws_away_what_arrives(make_ends: MakeEnds) -> None:
    ends = make_ends(mode="w", limits=Limits(read_buffer=1000))
    for use in ("read_available", "read_exactly_nowait", "read_line_nowait", "peek", "skip", "unread", "transaction"):
        with pytest.raises(WrongMode, match="reading is not possible"):
            USES[use](ends.socket)
    with Background(lambda: ends.peer.write(bytes(MIB), timeout=None)) as writer:
        wait_until(lambda: writer.is_done or ends.socket.bytes_available)
    assert ends.socket.bytes_available == 0
    ends.socket.write(b"data")
    assert ends.peer.read_exactly(4, timeout=PATIENCE) == b"data"


@pytest.mark.parametrize("mode", ["", "rb", "x", None, 3])
def test_any_other_mode_is_refused(mode: Any) -> None:
    with connected_pair() as (one, _), pytest.raises(ValueError, match="mode must be"):
        LocalSocket.adopt_descriptor(one.fileno(), mode=mode)


# --- closing and waiting ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("timeout", [0, SOON])
def test_a_late_close_closes_and_says_how_much_is_lost(timeout: float) -> None:
    with clogged_pair() as (one, other, on_the_way):
        one.write_nowait(b"unsent")
        with pytest.raises(DeadlinePassed, match=r"closing took longer than .*; 6 bytes stay queued") as caught:
            one.close(timeout=timeout)
        assert caught.value.queued == 6
        assert (one.state, one.fileno()) == (SocketState.CLOSED, -1)
        assert other.read_to_end(timeout=PATIENCE) == bytes(on_the_way)


def test_a_peer_that_leaves_while_we_close_takes_the_rest_with_it() -> None:
    with clogged_pair() as (one, other, _):
        one.write_nowait(b"unsent")
        closer = Background(partial(one.close, timeout=PATIENCE))
        closer.wait_until_waiting()
        assert one.state is SocketState.CLOSING
        other.abort()
        with pytest.raises(ClosedByPeer, match="6 bytes were not sent"):
            closer.result()
        assert one.fileno() == -1


def test_closing_throws_away_what_still_arrives_so_that_the_peer_can_go_on() -> None:
    with clogged_pair(limits=Limits(read_buffer=1)) as (one, other, on_the_way):
        one.write_nowait(b"last words")
        closer = Background(partial(one.close, timeout=PATIENCE))
        closer.wait_until_waiting()
        other.write(bytes(MIB), timeout=PATIENCE)
        assert not closer.is_done
        assert b"".join(iter(other.read, b"")) == bytes(on_the_way) + b"last words"
        closer.result()


def test_closing_from_two_threads_waits_in_one_of_them() -> None:
    with clogged_pair() as (one, other, _):
        one.write_nowait(b"unsent")
        closer = Background(partial(one.close, timeout=PATIENCE))
        closer.wait_until_waiting()
        one.close()
        assert not closer.is_done
        other.read_to_end(timeout=PATIENCE)
        closer.result()


def test_aborting_ends_a_close_that_waits() -> None:
    with clogged_pair() as (one, _, _):
        one.write_nowait(b"unsent")
        closer = Background(partial(one.close, timeout=PATIENCE))
        closer.wait_until_waiting()
        one.abort()
        closer.result()


@pytest.mark.parametrize(
    "wait",
    [
        lambda socket: socket.read(),
        lambda socket: socket.read_exactly(9),
        lambda socket: socket.read_line(),
        lambda socket: socket.read_to_end(),
        lambda socket: socket.wait_readable(),
        lambda socket: socket.wait_disconnected(),
        lambda socket: socket.write(bytes(MIB)),
        lambda socket: socket.flush(),
        lambda socket: socket.shutdown_write(),
    ],
    ids=["read", "read_exactly", "line", "to_end", "readable", "disconnected", "write", "flush", "shutdown_write"],
)
@pytest.mark.parametrize("end", ["close", "abort"])
def test_ending_it_wakes_every_waiter(wait: Callable[[LocalSocket], object], end: str) -> None:
    with clogged_pair() as (one, other, _):
        one.write_nowait(b"unsent")
        waiters = [Background(wait, one) for _ in range(3)]
        for waiter in waiters:
            waiter.wait_until_waiting()
        with Background(getattr(one, end)):
            for waiter in waiters:
                with pytest.raises(ClosedByUs):
                    waiter.result()
            other.read_to_end(timeout=PATIENCE)
        assert one.fileno() == -1


def test_the_descriptor_stays_open_as_long_as_somebody_waits_on_it() -> None:
    with connected_pair() as (one, _):
        waiter = lend_waker()
        one._waiters.enter(waiter)  # a thread that has not come round to poll() yet
        descriptor = one.fileno()
        one.abort()
        assert one.fileno() == descriptor
        with one._lock:
            one._leave(waiter)
        assert one.fileno() == -1


def test_a_socket_closed_while_a_thread_is_on_its_way_back_from_waiting_is_left_alone() -> None:
    with connected_pair() as (one, other):
        other.write(b"too late")
        one.abort()
        with one._lock:
            one._move_bytes(READABLE)
        assert one.bytes_available == 0


def test_finishing_to_send_waits_for_what_is_unsent() -> None:
    with clogged_pair() as (one, other, on_the_way):
        one.write_nowait(b"unsent")
        for timeout in (0, SOON):
            with pytest.raises(DeadlinePassed):
                one.shutdown_write(timeout=timeout)
        one.write_nowait(b", and nothing has changed")
        with Background(one.shutdown_write):
            assert other.read_to_end(timeout=PATIENCE) == bytes(on_the_way) + b"unsent, and nothing has changed"


def test_finishing_to_send_to_a_peer_that_has_gone_says_so() -> None:
    with clogged_pair() as (one, other, _):
        one.write_nowait(b"unsent")
        other.abort()
        with pytest.raises(ClosedByPeer, match="6 bytes were not sent"):
            one.shutdown_write(timeout=PATIENCE)


@pytest.mark.parametrize("read_buffer", [8 * MIB, 10])
def test_waiting_for_the_peer_to_close_leaves_what_arrives_readable(read_buffer: int) -> None:
    with connected_pair(limits=Limits(read_buffer=read_buffer)) as (one, other):
        assert not one.wait_disconnected(0)
        assert not one.wait_disconnected(SOON)
        with Background(one.wait_disconnected) as waiter:
            waiter.wait_until_waiting()
            other.write(b"0123456789and more")
            other.shutdown_write()
            other.close()
            assert waiter.result() is True
        assert one.read_to_end(timeout=PATIENCE, max_bytes=100) == b"0123456789and more" if read_buffer > 100 else True
        assert one.read_available() == (b"" if read_buffer > 100 else b"0123456789")


def test_a_peer_that_only_finished_sending_has_not_closed() -> None:
    with connected_pair() as (one, other):
        other.shutdown_write()
        assert one.read() == b""
        assert not one.wait_disconnected(SOON)


def test_leaving_the_with_block_closes() -> None:
    one, other = localsocket.pair()
    with other, one:
        one.write(b"data")
    assert one.state is other.state is SocketState.CLOSED


def test_leaving_the_with_block_by_an_error_does_not_replace_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalSocket.close, "__kwdefaults__", {"timeout": 0})
    with clogged_pair() as (one, _, _):
        with contextlib.suppress(KeyError), one:
            one.write_nowait(b"unsent")
            raise KeyError
        assert one.state is SocketState.CLOSED
    with clogged_pair() as (one, _, _), pytest.raises(DeadlinePassed), one:
        one.write_nowait(b"unsent")


# --- descriptors ------------------------------------------------------------------------------------------------------


def test_a_detached_descriptor_is_the_callers(ends: Ends) -> None:
    descriptor = ends.socket.detach()
    assert (ends.socket.state, ends.socket.fileno()) == (SocketState.CLOSED, -1)
    with standard.socket(fileno=descriptor) as mine:
        mine.sendall(b"still connected")
        assert ends.peer.read_exactly(15, timeout=PATIENCE) == b"still connected"


def test_nothing_that_waits_is_lost_by_detaching(ends: Ends) -> None:
    ends.arrive(b"unread")
    ends.socket.peek(1)
    with pytest.raises(Busy, match="would be lost"):
        ends.socket.detach()
    ends.socket.read_available()
    ends.socket.write_nowait(bytes(MIB))
    with pytest.raises(Busy, match="would be lost"):
        ends.socket.detach()
    assert ends.socket.state is SocketState.CONNECTED


def test_a_socket_in_a_transaction_is_not_given_away(ends: Ends) -> None:
    ends.arrive(b"unread")
    with ends.socket.transaction():
        ends.socket.read_available()
        for give_away in (ends.socket.detach, ends.socket._hand_over):
            with pytest.raises(Busy, match="transaction"):
                give_away()


def test_a_socket_that_a_thread_waits_on_is_not_given_away() -> None:
    with connected_pair() as (one, other), Background(lambda: one.read(timeout=None)) as reader:
        reader.wait_until_waiting()
        for give_away in (one.detach, one._hand_over):
            with pytest.raises(Busy, match="another thread waits"):
                give_away()
        other.write(b"x")
        assert reader.result() == b"x"


def test_a_writer_that_finds_its_socket_given_away_leaves_the_queue_alone() -> None:
    with clogged_pair() as (one, _, _):
        writer = Background(lambda: one.write(b"borrowed", timeout=None))
        writer.wait_until_waiting()
        one._waiters, kept = type(one._waiters)(), one._waiters  # as if it were between two waits
        handed_over = one._hand_over()
        one._waiters = kept
        kept.wake_all()
        with pytest.raises(ClosedByUs):
            writer.result()
        assert bytes(handed_over.unsent.next_piece()) == b"borrowed"
        assert (one.bytes_to_write, one.bytes_available) == (0, 0)
        handed_over.sock.close()


def test_an_adopted_descriptor_becomes_a_socket() -> None:
    first, second = standard.socketpair()
    first.set_inheritable(True)
    with second, LocalSocket.adopt_descriptor(first.detach(), limits=Limits(line=5)) as adopted:
        assert (adopted.peer.pid, adopted.address, adopted.limits.line) == (os.getpid(), "", 5)
        assert not os.get_inheritable(adopted.fileno())
        assert not os.get_blocking(adopted.fileno())
        second.sendall(b"hello")
        assert adopted.read() == b"hello"


def test_what_is_no_connected_unix_stream_is_refused_and_left_alone() -> None:
    def refuse(make: Callable[[], standard.socket], kind: type[Exception], match: str) -> None:
        with make() as unsuitable:
            was_inheritable = unsuitable.get_inheritable()
            with pytest.raises(kind, match=match):
                LocalSocket.adopt_descriptor(unsuitable.fileno(), allow_peer=ANY_USER)
            assert unsuitable.get_inheritable() == was_inheritable
            assert unsuitable.getblocking()
            os.fstat(unsuitable.fileno())

    def listening() -> standard.socket:
        listener = standard.socket(standard.AF_UNIX)
        listener.bind(b"")
        listener.listen()
        return listener

    refuse(listening, UnsuitableDescriptor, "it is listening")
    refuse(lambda: standard.socket(standard.AF_UNIX), PeerUnknown, "unknown process")
    refuse(lambda: standard.socket(standard.AF_UNIX, standard.SOCK_DGRAM), UnsuitableDescriptor, "not a Unix stream")
    refuse(standard.socket, UnsuitableDescriptor, "not a Unix stream")


def test_a_descriptor_that_is_no_socket_is_refused(tmp_path: Any) -> None:
    with open(tmp_path / "file", "w") as file:
        with pytest.raises(UnsuitableDescriptor, match="not a socket") as caught:
            LocalSocket.adopt_descriptor(file.fileno())
        assert caught.value.fd == file.fileno()
        file.write("still open")
    with pytest.raises(UnsuitableDescriptor, match="not open"):
        LocalSocket.adopt_descriptor(-1)


def test_a_peer_that_is_not_admitted_is_refused_before_anything_is_taken_over() -> None:
    first, second = standard.socketpair()
    with first, second:
        with pytest.raises(PeerRefused, match="only nobody is allowed"):
            LocalSocket.adopt_descriptor(first.fileno(), allow_peer=[])
        with pytest.raises(TypeError, match="allow_peer"):
            LocalSocket.adopt_descriptor(first.fileno(), allow_peer=5)  # type: ignore[arg-type]
        assert first.getblocking()


def test_a_silent_peer_is_no_reason_to_wait_for_closing() -> None:
    with SilentPeer.facing() as (_, socket):
        socket.write(b"unread by it")
        socket.close(timeout=0)
