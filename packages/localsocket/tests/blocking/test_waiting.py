"""How threads wait and are woken: no lost wake-up, no spinning, and a way out when no descriptor is left."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from localsocket import Limits, LocalSocket
from localsocket.blocking import waiting
from localsocket.blocking.waiting import READABLE, DeafWaker, Waiters, Waker, lend_waker
from localsocket.errors import ClosedByUs, DeadlinePassed
from localsocket.testing import PATIENCE, Background, clogged_pair, connected_pair, wait_until
from raising_signals import raising_once

# --- the waker --------------------------------------------------------------------------------------------------------


@pytest.fixture
def waker() -> Iterator[Waker]:
    waker = Waker()
    yield waker
    waker.close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def test_a_wait_ends_when_the_descriptor_is_ready(waker: Waker, pipe: tuple[int, int]) -> None:
    assert waker.wait(pipe[0], READABLE, 0) == 0
    os.write(pipe[1], b"x")
    assert waker.wait(pipe[0], READABLE, PATIENCE) & READABLE
    assert waker.wait(pipe[0], None, 0) == 0


def test_a_wake_before_the_wait_is_not_lost_and_counts_once(waker: Waker, pipe: tuple[int, int]) -> None:
    waker.wake()
    waker.wake()
    began = time.monotonic()
    assert waker.wait(pipe[0], READABLE, PATIENCE) == 0
    assert waker.wait(pipe[0], READABLE, None) == 0 if time.monotonic() - began > PATIENCE / 2 else True
    began = time.monotonic()
    waker.wait(pipe[0], READABLE, 0.02)
    assert time.monotonic() - began >= 0.02


def test_a_wait_that_nobody_wakes_lasts_as_long_as_asked_for(waker: Waker, pipe: tuple[int, int]) -> None:
    began = time.monotonic()
    assert waker.wait(pipe[0], READABLE, 0.0201) == 0
    assert time.monotonic() - began >= 0.0201


def test_a_closed_waker_wakes_nobody_else(pipe: tuple[int, int]) -> None:
    waker = Waker()
    number = waker.fileno()
    for _ in range(2):
        waker.close()
    copy = os.dup(pipe[1])
    if copy != number:
        os.dup2(copy, number)
        os.close(copy)
    os.set_blocking(pipe[0], False)
    waker.wake()
    with pytest.raises(BlockingIOError):
        os.read(pipe[0], 1)
    os.close(number)


def test_a_forgotten_waker_closes_itself() -> None:
    number = Waker().fileno()
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        os.fstat(number)


def test_wakers_are_lent_again() -> None:
    waiters = Waiters()
    first = lend_waker()
    waiters.enter(first)
    assert waiters
    waiters.leave(first)
    assert not waiters
    assert lend_waker() is first
    waiters.enter(first)
    waiters.leave(first)


def test_a_waker_whose_waiting_was_interrupted_is_not_lent_again() -> None:
    waiters, waker = Waiters(), lend_waker()
    waiters.enter(waker)
    waiters.break_off(waker)
    assert not waiters
    assert waker.fileno() == -1
    assert lend_waker() is not waker


# --- no descriptor left -----------------------------------------------------------------------------------------------


@pytest.fixture
def no_descriptor_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "eventfd", exhausted, raising=False)
    monkeypatch.setattr(os, "pipe", exhausted)


@pytest.mark.usefixtures("no_descriptor_left")
def test_waiting_works_without_a_descriptor_to_be_woken_by() -> None:
    with connected_pair() as (one, other):
        reader = Background(lambda: one.read(timeout=None))
        reader.wait_until_waiting()
        other.write(b"hello")
        assert reader.result() == b"hello"
        with pytest.raises(DeadlinePassed):
            one.read(timeout=0.02)
        reader = Background(lambda: one.read(timeout=None))  # type: ignore[arg-type, return-value]
        reader.wait_until_waiting()
        one.abort()
        with pytest.raises(ClosedByUs):
            reader.result()
        assert one.fileno() == -1
    assert not waiting._idle_wakers


def test_nobody_needs_to_wake_who_looks_by_himself(pipe: tuple[int, int]) -> None:
    waker = DeafWaker()
    waker.wake()
    began = time.monotonic()
    assert waker.wait(pipe[0], READABLE, 3600) == 0
    assert time.monotonic() - began < PATIENCE
    waker.close()


# --- never spinning ---------------------------------------------------------------------------------------------------

MIB = 1 << 20

SITUATIONS: dict[str, tuple[Callable[[LocalSocket, LocalSocket], object], Callable[[LocalSocket], object]]] = {
    "reading": (lambda one, other: None, lambda one: one.read(timeout=0.05)),
    "reading, bytes unsent": (
        lambda one, other: one.write_nowait(bytes(MIB)),
        lambda one: one.read(timeout=0.05),
    ),
    "reading a line, a part is there": (lambda one, other: other.write(b"x"), lambda one: one.read_line(timeout=0.05)),
    "writing, the buffer for reading full": (
        lambda one, other: other.write(bytes(1000)) or one.bytes_available,
        lambda one: one.write(bytes(MIB), timeout=0.05),
    ),
    "writing, the peer finished": (
        lambda one, other: other.shutdown_write(),
        lambda one: one.write(bytes(MIB), timeout=0.05),
    ),
    "waiting for the end, the buffer for reading full": (
        lambda one, other: other.write(bytes(1000)) or one.bytes_available,
        lambda one: one.wait_disconnected(0.05),
    ),
    "waiting for the end, the peer finished": (
        lambda one, other: other.shutdown_write(),
        lambda one: one.wait_disconnected(0.05),
    ),
    "closing": (lambda one, other: one.write_nowait(bytes(MIB)), lambda one: one.close(timeout=0.05)),
    "closing, the peer finished": (
        lambda one, other: one.write_nowait(bytes(MIB)) or other.shutdown_write(),
        lambda one: one.close(timeout=0.05),
    ),
}


@pytest.mark.parametrize(("prepare", "wait"), SITUATIONS.values(), ids=SITUATIONS)
def test_waiting_never_spins(
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[LocalSocket, LocalSocket], object],
    wait: Callable[[LocalSocket], object],
) -> None:
    looks = 0
    real_wait = Waker.wait

    def counted_wait(waker: Waker, *arguments: Any) -> int:
        nonlocal looks
        looks += 1
        return real_wait(waker, *arguments)

    with connected_pair(limits=Limits(read_buffer=100)) as (one, other):
        prepare(one, other)
        monkeypatch.setattr(Waker, "wait", counted_wait)
        with contextlib.suppress(DeadlinePassed):
            wait(one)
    assert 0 < looks < 20


def test_waiting_for_another_threads_transaction_never_spins_though_bytes_are_there() -> None:
    with connected_pair() as (one, other), one.transaction():
        other.write(b"x")
        other.shutdown_write()

        def uses_little() -> bool:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
            with pytest.raises(DeadlinePassed):
                Background(lambda: one.read(timeout=0.2)).result()
            return resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 0.1

        wait_until(uses_little)  # in any moment the collector, or another thread of this process, may use some


# --- signals ----------------------------------------------------------------------------------------------------------


class Interrupted(Exception):
    """Raised by a signal's handler."""


@pytest.fixture
def interrupt() -> Iterator[Callable[[], None]]:
    """Have SIGALRM raise Interrupted in the main thread, once; called in another thread, send it while that waits."""

    def main_thread_waits() -> bool:
        return sys._current_frames()[threading.main_thread().ident or 0].f_code is Waker.wait.__code__

    with raising_once(signal.SIGALRM, Interrupted) as send_when:
        yield partial(send_when, main_thread_waits)


def test_a_wait_that_a_signal_breaks_off_leaves_the_socket_usable(interrupt: Callable[[], None]) -> None:
    with connected_pair() as (one, other):
        with Background(interrupt), pytest.raises(Interrupted):
            one.read()
        assert not one._waiters
        other.write(b"hello")
        assert one.read(timeout=PATIENCE) == b"hello"


def test_a_write_that_a_signal_breaks_off_keeps_what_it_began(interrupt: Callable[[], None]) -> None:
    data = bytearray(b"a" * MIB)
    with connected_pair(kernel_buffer=4096) as (one, other):
        with Background(interrupt), pytest.raises(Interrupted):
            one.write(data)
        data[:] = b"b" * MIB
        with Background(lambda: other.read_exactly(MIB, timeout=None)) as reader:
            one.flush(timeout=PATIENCE)
            assert reader.result() == b"a" * MIB


def test_a_close_that_a_signal_breaks_off_has_closed(interrupt: Callable[[], None]) -> None:
    with clogged_pair() as (one, _, _):
        one.write_nowait(b"unsent")
        with Background(interrupt), pytest.raises(Interrupted):
            one.close()
        assert one.fileno() == -1


def test_a_signal_whose_handler_returns_does_not_shorten_a_wait() -> None:
    arrived = threading.Event()
    previous = signal.signal(signal.SIGALRM, lambda *_: arrived.set())
    try:
        with connected_pair() as (one, _):
            signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
            began = time.monotonic()
            with pytest.raises(DeadlinePassed):
                one.read(timeout=0.05)
            assert time.monotonic() - began >= 0.05
            assert arrived.is_set()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
