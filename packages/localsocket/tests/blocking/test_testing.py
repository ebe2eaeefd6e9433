"""The helpers that others test with: they do what they say, notice what is wrong, and clean up."""

from __future__ import annotations

import contextlib
import threading

import pytest

import localsocket
from blocking.recorder import Recorder
from contracts import BlockingFace, EventFace, stream_contract
from contracts.faces import WaitedListener, WaitedSocket
from localsocket import EventLoop, Limits, LocalSocket, ServerThread, SocketState
from localsocket.errors import ClosedByPeer, DeadlinePassed, EndOfStream
from localsocket.testing import (
    EVERY_MISBEHAVIOUR,
    PATIENCE,
    Background,
    Contract,
    DeafPeer,
    FloodingPeer,
    MisbehavingPeer,
    ResettingPeer,
    ServerUnderTest,
    SilentPeer,
    TricklingPeer,
    VanishingPeer,
    clogged_pair,
    connected_pair,
    raises,
    server_contract,
    wait_until,
)

# --- beside the test --------------------------------------------------------------------------------------------------


def test_background_gives_what_the_function_returns_or_raises() -> None:
    with Background(divmod, 7, 2) as fine:
        assert fine.result() == (3, 1)
    failed = Background(divmod, 7, 0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            failed.result()


def test_leaving_the_block_raises_what_the_function_raised_unless_the_block_failed_too() -> None:
    with pytest.raises(ZeroDivisionError), Background(divmod, 7, 0):
        pass
    with pytest.raises(KeyError), Background(divmod, 7, 0):
        raise KeyError


def test_a_function_that_hangs_is_named() -> None:
    release = threading.Event()
    hanging = Background(release.wait)
    assert not hanging.is_done
    with pytest.raises(AssertionError, match="has not returned within"):
        hanging.result(0.01)
    hanging.wait_until_waiting()
    release.set()
    assert hanging.result()


def test_a_function_that_ended_instead_of_waiting_is_told() -> None:
    done = Background(divmod, 7, 2)
    done.result()
    with pytest.raises(AssertionError, match="ended instead of waiting"):
        done.wait_until_waiting()


def test_what_does_not_come_true_is_named() -> None:
    with pytest.raises(AssertionError, match="for the impossible"):
        wait_until(lambda: False, "the impossible", timeout=0.01)


# --- pairs ------------------------------------------------------------------------------------------------------------


def test_a_pair_is_closed_whatever_becomes_of_it() -> None:
    with contextlib.suppress(KeyError), connected_pair(limits=Limits(line=5)) as (one, other):
        assert one.limits.line == other.limits.line == 5
        raise KeyError
    assert one.state is other.state is SocketState.CLOSED


def test_a_small_kernel_buffer_makes_writers_wait_soon() -> None:
    with connected_pair(kernel_buffer=4096) as (one, other):
        for end in (one, other):
            with pytest.raises(DeadlinePassed):
                end.write(bytes(50_000), timeout=0)


def test_a_clogged_pair_takes_no_byte_and_holds_as_many_as_it_says() -> None:
    with clogged_pair() as (one, other, on_the_way):
        assert one.bytes_to_write == 0
        one.write_nowait(b"x")
        assert one.bytes_to_write == 1
        assert other.read_exactly(on_the_way, timeout=PATIENCE) == bytes(on_the_way)
        assert other.read_available() == b""


# --- peers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("misbehaviour", EVERY_MISBEHAVIOUR)
def test_every_peer_connects_to_a_server_and_is_gone_at_the_end(misbehaviour: type[MisbehavingPeer]) -> None:
    with localsocket.listen("server") as server:
        with misbehaviour("server"):
            accepted = server.accept(timeout=PATIENCE)
            assert accepted.is_connected
        assert accepted.wait_disconnected(PATIENCE)
        accepted.abort()


def test_a_silent_peer_says_nothing_and_reads_nothing() -> None:
    with SilentPeer.facing() as (peer, socket):
        peer.misbehave(b"question")
        assert not socket.wait_readable(0.02)
        with pytest.raises(DeadlinePassed):
            socket.write(bytes(1 << 20), timeout=0.02)


def test_a_deaf_peer_asks_until_nobody_listens_and_takes_no_answer() -> None:
    with DeafPeer.facing(limits=Limits(read_buffer=100_000)) as (peer, socket):
        peer.misbehave(b"question\n")
        assert socket.read_line() == b"question"
        with pytest.raises(DeadlinePassed):
            socket.write(bytes(1 << 20), timeout=0.02)


def test_a_trickling_peer_sends_a_byte_when_the_last_one_was_read() -> None:
    with TricklingPeer.facing() as (peer, socket), Background(peer.misbehave, b"hello"):
        assert [socket.read(timeout=PATIENCE) for _ in range(5)] == [b"h", b"e", b"l", b"l", b"o"]


@pytest.mark.parametrize("misbehaviour", [DeafPeer, TricklingPeer, FloodingPeer])
def test_who_is_set_upon_may_hang_up(misbehaviour: type[MisbehavingPeer]) -> None:
    with misbehaviour.facing() as (peer, socket):
        socket.abort()
        peer.misbehave(b"question\n")


def test_a_vanishing_peer_leaves_half_a_message() -> None:
    with VanishingPeer.facing() as (peer, socket):
        peer.misbehave(b"12345678")
        assert socket.read_to_end(timeout=PATIENCE) == b"1234"


def test_a_resetting_peer_leaves_the_answer_unread() -> None:
    with ResettingPeer.facing() as (peer, socket):
        with Background(peer.misbehave, b"question"):
            assert socket.read_exactly(8, timeout=PATIENCE) == b"question"
            socket.write(b"answer")
        with pytest.raises(ClosedByPeer):
            socket.read(timeout=PATIENCE)


def test_a_flooding_peer_sends_without_end_until_it_is_closed() -> None:
    with FloodingPeer.facing() as (peer, socket):
        peer.misbehave(b"flood")
        received = 0
        while received < 1 << 22:
            received += len(socket.read(timeout=PATIENCE))
        wait_until(lambda: peer.sent >= received)


# --- contracts --------------------------------------------------------------------------------------------------------


def test_a_contract_is_the_sequence_of_its_claims() -> None:
    contract: Contract[int] = Contract()

    @contract.claim
    def it_is_positive(subject: int) -> None:
        assert subject > 0

    @contract.claim
    def it_is_even(subject: int) -> None:
        assert subject % 2 == 0

    assert list(contract) == contract[:] == [it_is_positive, it_is_even]
    assert (len(contract), contract[1]) == (2, it_is_even)
    contract.check(2)
    with pytest.raises(ExceptionGroup, match="2 of 2 claims do not hold") as caught:
        contract.check(-1)
    assert [error.__notes__ for error in caught.value.exceptions] == [
        ["claim: it is positive"],
        ["claim: it is even"],
    ]


def test_an_error_that_is_not_raised_or_of_another_kind_is_noticed() -> None:
    assert str(raises(KeyError, lambda: {}["x"])) == "'x'"
    with pytest.raises(AssertionError, match="it returned 5 and should have raised"):
        raises(KeyError, lambda: 5)
    with pytest.raises(ZeroDivisionError):
        raises(KeyError, lambda: 1 // 0)


class Careless(LocalSocket):
    """Gives more than was asked for."""

    def read(self, max_bytes: int | None = None, *, timeout: float | None = None) -> bytes:
        return super().read(timeout=timeout)


@pytest.mark.long
def test_a_face_that_breaks_its_promises_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localsocket.blocking.connect.LocalSocket", Careless)
    with pytest.raises(ExceptionGroup) as caught:
        stream_contract.check(BlockingFace())
    assert [error.__notes__ for error in caught.value.exceptions] == [
        ["claim: a read gives what is there up to the most asked for"]
    ]


def test_a_waited_socket_whose_peer_is_long_gone_answers_like_a_blocking_one() -> None:
    with EventFace() as face, face.connected_pair() as (one, other):
        one.close(timeout=PATIENCE)
        wait_until(lambda: other.socket.state is SocketState.CLOSED)
        assert other.read(timeout=PATIENCE) == b""
        raises(EndOfStream, lambda: other.read_exactly(1, timeout=PATIENCE))
        raises(ClosedByPeer, lambda: other.write(b"x", timeout=PATIENCE))
        assert other.wait_disconnected(PATIENCE)


def test_a_server_that_gives_a_wrong_answer_is_found_out() -> None:
    def answer_always_the_same(socket: LocalSocket) -> None:
        for _ in socket:
            socket.write(b"pong\n")

    with ServerThread("server", answer_always_the_same):
        ServerUnderTest("server", b"ping\n", b"pong\n").exchange()
        with pytest.raises(AssertionError):
            server_contract[0](ServerUnderTest("server", b"ping\n", b"ping\n"))


def test_a_connection_that_arrives_when_its_listener_is_closed_is_closed(running_loop: EventLoop) -> None:
    recorder = Recorder()
    with localsocket.listen("server") as server, connected_pair() as (one, other):
        listener = WaitedListener(server)
        listener.close()
        listener.arrived(WaitedSocket(running_loop.add(one, recorder)))
        assert other.wait_disconnected(PATIENCE)
        recorder.wait_for("disconnected")
