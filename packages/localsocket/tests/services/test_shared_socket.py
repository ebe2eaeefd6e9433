"""Many threads wait on one connection: one receives for all, and however it leaves, the next in line goes on."""

from __future__ import annotations

import ast
import contextlib
import inspect
import select
import signal
import socket
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

import pytest

from localsocket.blocking.shared_socket import SharedSocket, Turn
from localsocket.deadlines import NEVER, Deadline
from localsocket.endpoint.credentials import read_credentials
from localsocket.errors import ClosedByPeer, ClosedByUs, LocalSocketError
from localsocket.interfaces import KIB, MIB
from localsocket.testing import PATIENCE, Background, set_kernel_buffer, wait_until
from raising_signals import raising_once


class Shared:
    """A socket whose peer sends letters; a turn waits for each, and is done when that letter has come."""

    def __init__(self) -> None:
        ours, self.peer = socket.socketpair(socket.AF_UNIX)
        ours.setblocking(False)
        self.socket = SharedSocket(ours, address="", peer=read_credentials(ours))
        self.socket.begin(self._on_bytes, self._on_end)
        self.received = b""
        self.receivers: list[int] = []
        self.error: LocalSocketError | None = None
        self._turns: dict[bytes, Turn] = {}

    def turn(self, letter: bytes) -> Turn:
        with self.socket.lock:
            turn = self._turns[letter] = Turn()
            if letter in self.received or self.error is not None:
                turn.finish()
            return turn

    def wait(self, letter: bytes, deadline: Deadline = NEVER) -> bool:
        return self.socket.wait(self.turn(letter), deadline)

    def start(self, *letters: bytes, deadline: Deadline = NEVER) -> list[Background[bool]]:
        """Have a thread wait for each letter, in this order: the first of them receives if nobody does."""
        started: list[Background[bool]] = []
        for letter in letters:
            started.append(Background(self.wait, letter, deadline))
            wait_until(lambda letter=letter: started[-1].is_done or self.is_waiting_for(letter), "it to wait")  # type: ignore[misc]
        return started

    def is_waiting_for(self, letter: bytes) -> bool:
        turn = self._turns.get(letter)
        return turn is not None and (turn is self.socket._receiver or turn in self.socket._line)

    @property
    def waiting(self) -> int:
        return len(self.socket._line) + (self.socket._receiver is not None)

    def _on_bytes(self, data: bytes) -> None:
        self.received += data
        self.receivers.append(threading.get_ident())
        for letter, turn in self._turns.items():
            if letter in data:
                turn.finish()

    def _on_end(self, error: LocalSocketError) -> None:
        self.error = error
        for turn in self._turns.values():
            turn.finish()


@pytest.fixture
def shared() -> Iterator[Shared]:
    shared = Shared()
    yield shared
    shared.socket.abort()
    shared.peer.close()


# --- one receives for all -------------------------------------------------------------------------------------------


def test_who_waits_alone_receives_itself(shared: Shared) -> None:
    shared.peer.send(b"abc")
    assert shared.wait(b"b")
    assert shared.receivers == [threading.get_ident()]
    assert shared.wait(b"c")  # which has come with the rest
    assert len(shared.receivers) == 1


def test_the_first_receives_for_those_who_came_later(shared: Shared) -> None:
    first, second, third = shared.start(b"a", b"b", b"c")
    shared.peer.send(b"cb")
    assert second.result()
    assert third.result()
    assert not first.is_done
    assert len(set(shared.receivers)) == 1
    shared.peer.send(b"a")
    assert first.result()
    assert len(set(shared.receivers)) == 1


def test_who_has_what_it_waited_for_hands_over_to_the_next_in_line(shared: Shared) -> None:
    waiters = shared.start(b"a", b"b", b"c", b"d")
    for letter, waiter in zip((b"a", b"b", b"c", b"d"), waiters, strict=True):
        shared.peer.send(letter)
        assert waiter.result()
    assert len(set(shared.receivers)) == 4
    assert shared.waiting == 0


def test_one_that_was_served_in_the_line_is_skipped_when_it_is_handed_over(shared: Shared) -> None:
    first, second, third = shared.start(b"a", b"b", b"c")
    shared.peer.send(b"ab")  # the first and the next in line, together
    assert first.result()
    assert second.result()
    shared.peer.send(b"c")
    assert third.result()


def test_what_many_wait_for_comes_to_each_in_whatever_order_it_comes(shared: Shared) -> None:
    letters = [bytes([number]) for number in range(100)]
    waiters = [Background(shared.wait, letter) for letter in letters]
    for letter in reversed(letters):
        shared.peer.send(letter)
    assert all(waiter.result() for waiter in waiters)
    assert shared.waiting == 0


# --- time-outs ------------------------------------------------------------------------------------------------------


def test_who_receives_and_is_late_hands_over(shared: Shared) -> None:
    (late,) = shared.start(b"a", deadline=Deadline(0.05))
    (other,) = shared.start(b"b")
    assert not late.result()
    wait_until(lambda: shared.socket._receiver is not None and not shared.socket._line, "the other to receive")
    shared.peer.send(b"b")
    assert other.result()


def test_who_is_late_in_the_line_leaves_it_and_nothing_else_changes(shared: Shared) -> None:
    first, *_ = shared.start(b"a")
    (late,) = shared.start(b"b", deadline=Deadline(0.02))
    (third,) = shared.start(b"c")
    assert not late.result()
    assert shared.waiting == 2
    shared.peer.send(b"a")
    assert first.result()
    shared.peer.send(b"c")
    assert third.result()


def test_who_does_not_wait_still_takes_what_is_there(shared: Shared) -> None:
    assert not shared.wait(b"a", Deadline(0))
    shared.peer.send(b"a")
    assert shared.wait(b"a", Deadline(0))


def test_a_time_out_holds_while_much_arrives_for_others(shared: Shared) -> None:
    def flood() -> None:
        with contextlib.suppress(OSError):
            while True:
                shared.peer.send(b"x" * 4096)

    def take_in(data: bytes) -> None:
        select.select([shared.socket], [], [], PATIENCE)  # until there is more already

    shared.socket.begin(take_in, shared._on_end)
    with Background(flood):
        try:
            assert not Background(shared.wait, b"a", Deadline(0.05)).result()
        finally:
            shared.peer.shutdown(socket.SHUT_RDWR)


# --- endings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["close_soon", "abort"])
def test_closing_wakes_everybody(shared: Shared, end: str) -> None:
    waiters = shared.start(b"a", b"b", b"c")
    getattr(shared.socket, end)()
    for waiter in waiters:
        assert waiter.result()
    assert isinstance(shared.error, ClosedByUs)
    assert shared.socket.fileno() == -1
    assert shared.socket._waker.fileno() == -1


def test_a_peer_that_leaves_wakes_everybody(shared: Shared) -> None:
    waiters = shared.start(b"a", b"b", b"c")
    shared.peer.close()
    for waiter in waiters:
        assert waiter.result()
    assert isinstance(shared.error, ClosedByPeer)


def test_what_the_peer_sent_before_it_left_is_taken_in_first(shared: Shared) -> None:
    shared.peer.send(b"ab")
    shared.peer.close()
    assert shared.wait(b"a")
    assert shared.error is None
    assert shared.wait(b"b")


# --- sending --------------------------------------------------------------------------------------------------------


def test_who_receives_sends_too(shared: Shared) -> None:
    set_kernel_buffer(shared.socket, 4 * KIB)
    (receiver,) = shared.start(b"a")
    shared.socket.write_nowait(bytes(MIB))
    sender = Background(shared.socket.wait_sent, Deadline(PATIENCE))
    received = 0
    while received < MIB:
        received += len(shared.peer.recv(64 * KIB))
    assert sender.result()
    assert not receiver.is_done
    shared.peer.send(b"a")
    assert receiver.result()


def test_who_waits_to_send_receives_for_those_who_wait_to_receive(shared: Shared) -> None:
    set_kernel_buffer(shared.socket, 4 * KIB)
    shared.socket.write_nowait(bytes(MIB))
    sender = Background(shared.socket.wait_sent, NEVER)
    wait_until(lambda: shared.waiting == 1, "it to wait")
    (other,) = shared.start(b"a")
    shared.peer.send(b"a")
    assert other.result()
    assert not sender.is_done
    shared.socket.abort()
    assert sender.result()


def test_a_late_sender_says_so_and_the_rest_is_sent_by_who_comes_next(shared: Shared) -> None:
    set_kernel_buffer(shared.socket, 4 * KIB)
    shared.socket.write_nowait(bytes(MIB))
    assert not shared.socket.wait_sent(Deadline(0.02))
    (receiver,) = shared.start(b"a")
    received = 0
    while received < MIB:
        received += len(shared.peer.recv(64 * KIB))
    assert shared.socket.wait_sent(Deadline(PATIENCE))
    shared.peer.send(b"a")
    assert receiver.result()


# --- signals --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def interrupt_when(condition: Callable[[], object]) -> Iterator[None]:
    """Have the main thread interrupted, as by Ctrl-C, once the condition holds."""
    with raising_once(signal.SIGINT, KeyboardInterrupt) as send_when, Background(send_when, condition):
        yield


def test_an_interrupt_of_who_receives_loses_the_others_nothing(shared: Shared) -> None:
    others: list[Background[bool]] = []

    def others_wait() -> bool:
        if shared.socket._receiver is None:
            return False
        if not others:
            others.extend(shared.start(b"b", b"c"))
        return True

    with interrupt_when(others_wait), pytest.raises(KeyboardInterrupt):
        shared.wait(b"a")
    shared.peer.send(b"bc")
    assert [other.result() for other in others] == [True, True]
    shared.peer.send(b"a")
    assert shared.wait(b"a")


def test_an_interrupt_of_who_waits_in_line_loses_the_others_nothing(shared: Shared) -> None:
    first, second = shared.start(b"a", b"b")
    with interrupt_when(lambda: len(shared.socket._line) == 2), pytest.raises(KeyboardInterrupt):
        shared.wait(b"c")
    assert shared.waiting == 2
    shared.peer.send(b"a")
    assert first.result()
    shared.peer.send(b"b")
    assert second.result()


class InterruptAt:
    """Raises KeyboardInterrupt in this thread before the n-th line that it executes in some functions.

    Not in what cleans up after a first one, nor where Python looks for no signals: it does after calls.
    """

    def __init__(self, number: int, *functions: Any) -> None:
        self.number = number
        self.has_struck = False
        self._codes: set[CodeType] = {function.__code__ for function in functions}
        self._spared = {line for function in functions for line in spared_lines(function)}

    def __enter__(self) -> InterruptAt:
        self._before = sys.gettrace()  # that of coverage, maybe
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code not in self._codes or self.has_struck:
            return None
        if event == "line" and frame.f_lineno not in self._spared:
            self.number -= 1
            if self.number < 0:
                self.has_struck = True
                raise KeyboardInterrupt
        return self._trace


def spared_lines(function: Any) -> Iterator[int]:
    lines, start = inspect.getsourcelines(function)
    for node in ast.walk(ast.parse(textwrap.dedent("".join(lines)))):
        if isinstance(node, ast.Try):
            for part in (*node.finalbody, *node.handlers):
                yield from range(start + part.lineno - 1, start + (part.end_lineno or 0))
        if isinstance(node, (ast.With, ast.Return)):
            yield start + node.lineno - 1


@pytest.mark.parametrize("position", ["receiving", "in line"])
def test_an_interrupt_anywhere_in_a_wait_loses_the_others_nothing(position: str) -> None:
    functions = [
        SharedSocket._receive_for_all,
        SharedSocket._receive_whole,
        SharedSocket._receive,
        SharedSocket._wait_in_line,
        Turn.sleep,
        Shared._on_bytes,
    ]
    if sys.gettrace() is not None:
        pytest.skip("another tracer runs, of coverage or a debugger")
    for number in range(100):
        shared = Shared()
        before = shared.start(b"a") if position == "in line" else []
        interrupting = InterruptAt(number, *functions)

        def send(shared: Shared = shared, interrupting: InterruptAt = interrupting) -> None:
            wait_until(lambda: shared.socket._line or interrupting.has_struck, "the main thread to wait")
            shared.peer.send(b"bd")

        if not before:
            shared.peer.send(b"bd")
        sending = Background(send) if before else contextlib.nullcontext()
        with sending, interrupting, contextlib.suppress(KeyboardInterrupt):
            shared.wait(b"b", Deadline(PATIENCE))
        after = [Background(shared.wait, letter) for letter in (b"c", b"d")]
        with contextlib.suppress(BrokenPipeError):  # where it was interrupted with bytes in its hands
            shared.peer.send(b"ac")
        for waiter in (*before, *after):
            assert waiter.result()
        assert shared.waiting == 0
        assert (shared.error is None) == (shared.socket.fileno() >= 0)
        shared.socket.abort()
        shared.peer.close()
        if not interrupting.has_struck:
            break
    else:
        pytest.fail("there is no end of lines")
    assert number > 5
