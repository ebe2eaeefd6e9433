"""Signals that arrive while a call waits, and the one that writing to the gone would raise."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

import localsocket
from localsocket import EventLoop, errors
from localsocket.testing import PATIENCE, Background, connected_pair, wait_until
from programs import run


class Interrupted(Exception):
    """Raised by a signal's handler."""


@pytest.fixture
def arrived() -> Iterator[list[int]]:
    """Count the arrivals of a signal whose handler just returns."""
    numbers: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGUSR1, before)


@pytest.fixture
def raising() -> Iterator[None]:
    """Have the signal's handler raise."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield
    signal.signal(signal.SIGUSR1, before)


class Waiting:
    """Sends signals to the main thread while that is inside a wait, and then does what ends the wait."""

    def __init__(self, then: Callable[[], object]) -> None:
        self._then = then

    def __call__(self) -> None:
        for _ in range(3):
            interrupt_a_wait()
        wait_until(main_thread_waits, "the main thread to wait")
        self._then()


def interrupt_a_wait() -> None:
    wait_until(main_thread_waits, "the main thread to wait")
    os.kill(os.getpid(), signal.SIGUSR1)


def main_thread_waits() -> bool:
    """Tell whether the main thread sleeps in a call of ours; it also does before, and after, for want of the GIL."""
    # In a system call the state of the main thread is S; only then does a signal interrupt one.
    status = Path(f"/proc/self/task/{os.getpid()}/stat").read_text(encoding="ascii")
    frame = sys._current_frames()[threading.main_thread().ident or 0]
    return status.rpartition(")")[2].split()[0] == "S" and frame.f_globals["__name__"].startswith("localsocket.")


def test_a_read_goes_on_after_a_signal(arrived: list[int]) -> None:
    with connected_pair() as (socket, peer), Background(Waiting(lambda: peer.write(b"after all\n"))):
        assert socket.read_line(timeout=PATIENCE) == b"after all"
    assert arrived


def test_a_write_goes_on_after_a_signal(arrived: list[int]) -> None:
    data = bytes(5_000_000)
    with (
        connected_pair() as (socket, peer),
        Background(Waiting(lambda: peer.read_exactly(len(data), timeout=PATIENCE))),
    ):
        socket.write(data, timeout=PATIENCE)
    assert arrived


def test_an_accept_goes_on_after_a_signal(arrived: list[int]) -> None:
    with (
        localsocket.listen("signals") as server,
        Background(Waiting(lambda: localsocket.connect("signals").close())),
    ):
        server.accept(timeout=PATIENCE).close()
    assert arrived


def test_a_loop_goes_on_after_a_signal(arrived: list[int]) -> None:
    with EventLoop() as loop, Background(Waiting(loop.stop)):
        loop.run(timeout=PATIENCE)
    assert arrived


@pytest.mark.usefixtures("arrived")
def test_signals_do_not_move_a_deadline() -> None:
    with connected_pair() as (socket, _):
        signal.setitimer(signal.ITIMER_REAL, 0)
        stop = threading.Event()

        def pester() -> None:
            while not stop.wait(0.01):
                os.kill(os.getpid(), signal.SIGUSR1)

        with Background(pester):
            with pytest.raises(errors.DeadlinePassed):
                socket.read(timeout=0.2)
            stop.set()


@pytest.mark.usefixtures("raising")
def test_an_exception_from_a_signal_leaves_a_read_and_loses_nothing() -> None:
    with connected_pair() as (socket, peer):
        peer.write(b"half a li")
        with Background(interrupt_a_wait), pytest.raises(Interrupted):
            socket.read_line(timeout=PATIENCE)
        peer.write(b"ne\n")
        assert socket.read_line(timeout=PATIENCE) == b"half a line"


@pytest.mark.usefixtures("raising")
def test_an_exception_from_a_signal_leaves_a_write_whose_rest_still_goes_out_in_order() -> None:
    first, second = b"1" * 3_000_000, b"2" * 10
    with connected_pair() as (socket, peer):
        with Background(interrupt_a_wait), pytest.raises(Interrupted):
            socket.write(first, timeout=PATIENCE)
        assert 0 < socket.bytes_to_write < len(first)
        with Background(lambda: peer.read_exactly(len(first) + len(second), timeout=PATIENCE)) as reader:
            socket.write(second, timeout=PATIENCE)
            assert reader.result() == first + second


@pytest.mark.usefixtures("raising")
def test_an_exception_from_a_signal_leaves_accept_and_the_server_lives() -> None:
    with localsocket.listen("signals") as server:
        with Background(interrupt_a_wait), pytest.raises(Interrupted):
            server.accept(timeout=PATIENCE)
        with localsocket.connect("signals"):
            server.accept(timeout=PATIENCE).close()


@pytest.mark.usefixtures("raising")
def test_an_exception_from_a_signal_leaves_a_loop_that_can_run_again() -> None:
    with EventLoop() as loop:
        with Background(interrupt_a_wait), pytest.raises(Interrupted):
            loop.run(timeout=PATIENCE)
        done = []
        loop.call_soon(done.append, True)
        loop.call_soon(loop.stop)
        loop.run(timeout=PATIENCE)
        assert done == [True]


def test_writing_to_the_gone_is_an_error_and_not_the_end_of_the_program() -> None:
    assert run("write_to_the_gone.py") == [{"blocking": "ClosedByPeer", "driven": "ClosedByPeer"}]
