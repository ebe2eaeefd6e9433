"""The loop itself: running and stopping, calls and timers, many sockets, and that it never spins."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import localsocket
from blocking.recorder import Recorder, turn, turn_idle
from localsocket import EventLoop, EventSocket, Handler, Limits, LocalSocket, SocketState
from localsocket.errors import Busy, ClosedByUs, ServerNotFound, UnsuitableHandler
from localsocket.testing import PATIENCE, Background, FloodingPeer, connected_pair, wait_until


class Echo(Handler):
    def ready_read(self, socket: EventSocket) -> None:
        socket.write(socket.read_available())


# --- running and stopping ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("timeout", [0, 0.02])
def test_running_ends_when_the_time_is_over(loop: EventLoop, timeout: float) -> None:
    began = time.monotonic()
    loop.run(timeout=timeout)
    assert time.monotonic() - began >= timeout


@pytest.mark.parametrize("timeout", [None, 1e300, float("inf")])
def test_running_ends_when_another_thread_stops_it(loop: EventLoop, timeout: float | None) -> None:
    runner = Background(lambda: loop.run(timeout=timeout))
    wait_until(lambda: "EventLoop running" in repr(loop))
    loop.stop()
    runner.result()


def test_a_stop_before_running_is_not_forgotten(loop: EventLoop) -> None:
    loop.stop()
    loop.run()
    loop.run(timeout=0)


def test_a_stop_within_running_lets_what_is_due_happen(loop: EventLoop) -> None:
    called: list[int] = []
    loop.call_soon(loop.stop)
    loop.call_soon(called.append, 1)
    loop.run()
    assert called == [1]


def test_a_time_that_is_over_in_one_run_does_not_end_the_next(loop: EventLoop) -> None:
    loop.call_soon(loop.stop)
    loop.run(timeout=0.01)
    loop.call_later(0.05, loop.stop)
    began = time.monotonic()
    loop.run()
    assert time.monotonic() - began >= 0.04


def test_a_signals_handler_may_stop_it(loop: EventLoop) -> None:
    previous = signal.signal(signal.SIGALRM, lambda *_: loop.stop())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        loop.run(timeout=PATIENCE)
    finally:
        signal.signal(signal.SIGALRM, previous)


def test_a_signal_that_arrives_while_the_loop_is_being_woken_may_stop_it(loop: EventLoop) -> None:
    with loop._waking:  # what call_soon() holds when the signal arrives in the same thread
        loop.stop()
    loop.run()


def test_only_one_thread_runs_it(running_loop: EventLoop) -> None:
    wait_until(lambda: "EventLoop running" in repr(running_loop))
    with pytest.raises(RuntimeError, match="running already"):
        running_loop.run()
    with pytest.raises(RuntimeError, match="let run"):
        running_loop.close()


def test_it_is_not_run_from_within(loop: EventLoop) -> None:
    loop.call_soon(loop.run)
    with pytest.raises(RuntimeError, match="running already"):
        loop.run()


@pytest.mark.parametrize("timeout", [-1, float("nan"), "1", True])
def test_run_checks_its_time(loop: EventLoop, timeout: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="timeout must"):
        loop.run(timeout=timeout)


def test_repr_tells_what_it_drives(loop: EventLoop) -> None:
    assert repr(loop) == "<EventLoop not running, 0 sockets, 0 servers>"
    with localsocket.listen("server") as server, connected_pair() as (one, _):
        loop.serve(server, Echo())
        socket = loop.add(one, Echo())
        assert loop.sockets == {socket}
        seen: list[str] = []
        loop.call_soon(lambda: seen.append(repr(loop)))
        turn_idle(loop)
        assert seen == ["<EventLoop running, 1 sockets, 1 servers>"]
        loop.close()
        assert repr(loop) == "<EventLoop closed, 0 sockets, 0 servers>"


# --- calls and timers -------------------------------------------------------------------------------------------------


def test_calls_come_in_order_from_the_loops_thread(running_loop: EventLoop) -> None:
    calls: list[tuple[int, int, int]] = []

    def call_often(caller: int) -> None:
        for number in range(500):
            running_loop.call_soon(lambda number=number: calls.append((caller, number, threading.get_ident())))

    callers = [Background(call_often, caller) for caller in range(8)]
    for caller in callers:
        caller.result()
    wait_until(lambda: len(calls) == 8 * 500)
    assert len({thread for _, _, thread in calls}) == 1
    for index in range(8):
        assert [number for caller, number, _ in calls if caller == index] == list(range(500))


def test_a_call_that_calls_again_keeps_no_socket_waiting(loop: EventLoop) -> None:
    def call_again() -> None:
        loop.call_soon(call_again)

    recorder = Recorder()
    with connected_pair() as (one, other):
        loop.add(one, recorder)
        call_again()
        other.write(b"hello")
        turn(loop, lambda: recorder.received == b"hello")
        loop.close()


def test_an_error_in_a_call_leaves_the_loop_and_loses_no_other_call(loop: EventLoop) -> None:
    called: list[int] = []
    loop.call_soon(lambda: 1 / 0)
    loop.call_soon(called.append, 1)
    with pytest.raises(ZeroDivisionError):
        loop.run()
    turn_idle(loop)
    assert called == [1]


def test_timers_fire_in_order_and_not_before_their_time(loop: EventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    fired: list[tuple[str, float]] = []
    began = time.monotonic()
    with monkeypatch.context() as stopped_clock:  # else those set later might be due later, in a slow moment
        stopped_clock.setattr(time, "monotonic", lambda: began)
        for name, seconds in (("late", 0.04), ("soon", 0.02), ("now", 0), ("soon too", 0.02)):
            loop.call_later(seconds, lambda name=name: fired.append((name, time.monotonic() - began)))
    turn(loop, lambda: len(fired) == 4)
    assert [name for name, _ in fired] == ["now", "soon", "soon too", "late"]
    assert all(at >= due for (_, at), due in zip(fired, (0, 0.02, 0.02, 0.04), strict=True))


def test_timers_for_the_same_moment_fire_in_the_order_they_were_set(
    loop: EventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    fired: list[int] = []
    with monkeypatch.context() as stopped_clock:
        now = time.monotonic()
        stopped_clock.setattr(time, "monotonic", lambda: now)
        for number in range(5):
            loop.call_later(0, fired.append, number)
    turn_idle(loop)
    assert fired == [0, 1, 2, 3, 4]


def test_a_timer_of_another_thread_wakes_the_loop(running_loop: EventLoop) -> None:
    fired = threading.Event()
    running_loop.call_later(0.01, fired.set)
    assert fired.wait(PATIENCE)


@pytest.mark.parametrize("seconds", [1e12, float("inf")])
def test_a_timer_in_the_far_future_does_no_harm(loop: EventLoop, seconds: float) -> None:
    loop.call_later(seconds, pytest.fail, "it fired")
    loop.call_soon(loop.stop)
    loop.run()
    stopper = Background(lambda: (wait_until(lambda: "EventLoop running" in repr(loop)), loop.stop()))
    loop.run()
    stopper.result()


@pytest.mark.parametrize("seconds", [-1, float("nan"), "1", None])
def test_timers_check_their_time(loop: EventLoop, seconds: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="seconds must"):
        loop.call_later(seconds, print)


# --- what it drives ---------------------------------------------------------------------------------------------------


def test_one_thread_drives_many_sockets(loop: EventLoop) -> None:
    recorder = Recorder()
    with localsocket.listen("many") as server:
        loop.serve(server, Echo())
        sockets = [loop.connect("many", recorder) for _ in range(40)]
        assert len(loop.sockets) >= 40
        turn(loop, lambda: recorder.count("connected") == 40)
        for socket in sockets:
            socket.write(b"ping")
        turn(loop, lambda: recorder.count("ready_read") == 40)
        assert recorder.received == b"ping" * 40
        for socket in sockets:
            socket.close()
        turn(loop, lambda: not loop.sockets)
        assert recorder.count("disconnected") == 40


def test_a_flood_on_one_socket_keeps_no_other_waiting(loop: EventLoop) -> None:
    class Drain(Handler):
        def ready_read(self, socket: EventSocket) -> None:
            socket.skip(socket.bytes_available)

    recorder = Recorder()
    with FloodingPeer.facing() as (flood, flooded), connected_pair() as (one, other):
        loop.add(flooded, Drain())
        loop.add(one, recorder)
        flood.misbehave(b"x" * 1000)
        wait_until(lambda: flood.sent)
        other.write(b"hello")
        turn(loop, lambda: recorder.received == b"hello")
        loop.close()


class HeldUp(BaseException):
    """Stands for a thread that another one has taken the loop over from."""


@pytest.mark.parametrize("held_up_in", ["socket", "call"])
def test_who_takes_over_goes_on_with_those_whose_turn_it_is(loop: EventLoop, held_up_in: str) -> None:
    turns: list[str] = []

    def has_turn(name: str) -> None:
        """Have a turn, and want another; the first one holds up its thread."""
        turns.append(name)
        if len(turns) == 9:
            loop.stop()
        if held_up_in in name and turns.count(name) == 1 and name.endswith("0"):
            raise HeldUp

    class Named(Handler):
        def ready_read(self, socket: EventSocket) -> None:
            name, peer = socket.context
            socket.skip(socket.bytes_available)
            peer.write(b"again")  # so there is more in the next round
            has_turn(name)

    def call(name: str) -> None:
        loop.call_soon(call, name)
        has_turn(name)

    with contextlib.ExitStack() as stack:
        pairs = [stack.enter_context(connected_pair()) for _ in range(2)]
        for number, (one, other) in enumerate(pairs):
            loop.add(one, Named()).context = f"socket {number}", other
        turn_idle(loop)
        for _, other in pairs:
            other.write(b"hello")
        loop.call_soon(call, "call 0")
        loop.call_soon(call, "call 1")
        with pytest.raises(HeldUp):
            loop.run(timeout=PATIENCE)
        loop._take_over()
        loop.close()
    rounds = [sorted(turns[begin : begin + 4]) for begin in (0, 4)]
    assert rounds == [["call 0", "call 1", "socket 0", "socket 1"]] * 2


def test_a_handler_that_reads_nothing_is_told_that_its_peer_has_gone(loop: EventLoop) -> None:
    class Paused(Recorder):
        def connected(self, socket: EventSocket) -> None:
            super().connected(socket)
            socket.pause_reading()

        def _hung_up(self, socket: EventSocket) -> None:
            self._note("hung_up")
            socket.resume_reading()

    paused = Paused()
    with connected_pair() as (one, other):
        loop.add(one, paused)
        turn(loop, lambda: paused.count("connected"))
        other.write(b"hello")
        other.close()
        turn(loop, lambda: paused.count("disconnected"))
    assert paused.count("hung_up") == 1
    assert paused.received == b"hello"


def test_a_socket_with_an_unsuitable_handler_stays_as_it_was(loop: EventLoop) -> None:
    with connected_pair() as (one, other):
        with pytest.raises(UnsuitableHandler):
            loop.add(one, object())  # type: ignore[arg-type]
        one.write(b"mine")
        assert other.read(timeout=PATIENCE) == b"mine"


def test_a_socket_that_a_thread_waits_on_stays_as_it_was(loop: EventLoop) -> None:
    with connected_pair() as (one, other), Background(lambda: one.read(timeout=None)) as reader:
        reader.wait_until_waiting()
        with pytest.raises(Busy):
            loop.add(one, Echo())
        other.write(b"x")
        assert reader.result() == b"x"


def test_connecting_raises_what_connect_raises(loop: EventLoop) -> None:
    with pytest.raises(ServerNotFound):
        loop.connect("nobody", Recorder())
    with pytest.raises(UnsuitableHandler):
        loop.connect("nobody", Handler())


def test_a_connection_made_while_the_loop_was_closed_is_closed(
    loop: EventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect_and_close(*arguments: Any, **options: Any) -> LocalSocket:
        socket = localsocket.connect(*arguments, **options)
        loop.close()
        return socket

    monkeypatch.setattr("localsocket.blocking.event_loop.connect", connect_and_close)
    with localsocket.listen("server") as server:
        with pytest.raises(ClosedByUs):
            loop.connect("server", Echo())
        with server.accept(timeout=PATIENCE) as accepted:
            assert accepted.read(timeout=PATIENCE) == b""


def test_a_number_that_is_used_again_at_once_brings_no_events_of_its_former_owner(loop: EventLoop) -> None:
    newcomer = Recorder()
    made: list[Any] = []

    class Replacing(Recorder):
        """Gives the other socket away, closes it, and adds a new one that gets its number."""

        def ready_read(self, socket: EventSocket) -> None:
            super().ready_read(socket)
            if made:
                return
            other = sockets[1 - sockets.index(socket)]
            number = other.detach()
            os.close(number)
            pair = localsocket.pair()
            assert number in (pair[0].fileno(), pair[1].fileno())
            made.extend(sorted(pair, key=lambda end: end.fileno() != number))
            loop.add(made[0], newcomer)

    handler = Replacing()
    with connected_pair() as (one, one_peer), connected_pair() as (two, two_peer):
        sockets = [loop.add(one, handler), loop.add(two, handler)]
        turn(loop, lambda: handler.count("connected") == 2)
        one_peer.write(b"in one batch")
        two_peer.write(b"in one batch")
        turn(loop, lambda: newcomer.events)
        turn_idle(loop)
        assert newcomer.events == ["connected"]
        assert handler.count("ready_read") == 1
        made[1].write(b"mine")
        turn(loop, lambda: newcomer.received == b"mine")
        loop.close()
        made[1].abort()


# --- closing ----------------------------------------------------------------------------------------------------------


def test_closing_ends_everything_and_tells_every_handler(loop: EventLoop) -> None:
    recorder = Recorder()
    with localsocket.listen("server") as server, connected_pair() as (one, other):
        loop.serve(server, Echo())
        socket = loop.add(one, recorder)
        turn(loop, lambda: recorder.events == ["connected"])
        for _ in range(2):
            loop.close()
        assert recorder.events == ["connected", "disconnected"]
        assert socket.state is SocketState.CLOSED
        assert other.read(timeout=PATIENCE) == b""
        assert server.is_listening  # it is its owner's
        assert server.accept_nowait() is None


def test_a_closed_loop_takes_nothing_more(loop: EventLoop) -> None:
    loop.close()
    with connected_pair() as (one, _), localsocket.listen("server") as server:
        for use in (
            lambda: loop.add(one, Echo()),
            lambda: loop.connect("server", Echo()),
            lambda: loop.serve(server, Echo()),
            lambda: loop.run(),
        ):
            with pytest.raises(ClosedByUs, match="event loop"):
                use()
        assert one.is_connected


def test_a_handler_that_connects_again_when_disconnected_ends_with_the_loop(loop: EventLoop) -> None:
    class Stubborn(Recorder):
        def disconnected(self, socket: EventSocket) -> None:
            super().disconnected(socket)
            loop.connect("server", self)

    stubborn = Stubborn()
    with localsocket.listen("server") as server:
        loop.connect("server", stubborn)
        turn(loop, lambda: stubborn.count("connected") == 1)
        server.accept(timeout=PATIENCE).abort()
        turn(loop, lambda: stubborn.count("connected") == 2)
        loop.close()
        assert not loop.sockets
        assert stubborn.count("disconnected") == 2


def test_what_is_called_after_closing_writes_into_no_stranger(loop: EventLoop) -> None:
    number = loop._waker.fileno()
    loop.close()
    reading, writing = os.pipe2(os.O_NONBLOCK)
    try:
        if number not in (reading, writing):
            os.dup2(writing, number)
        strangers = {number, reading, writing} - {reading}
        loop.stop()
        loop.call_soon(print)
        with pytest.raises(BlockingIOError):
            os.read(reading, 1)
    finally:
        for each in strangers | {reading}:
            os.close(each)


def test_an_interrupt_while_closing_still_lets_go_of_the_descriptors() -> None:
    class Interrupted(Recorder):
        def disconnected(self, socket: EventSocket) -> None:
            raise KeyboardInterrupt

    loop = EventLoop()
    with connected_pair() as (one, _):
        loop.add(one, Interrupted())
        turn_idle(loop)
        with pytest.raises(KeyboardInterrupt):
            loop.close()
        loop.close()


# --- never spinning ---------------------------------------------------------------------------------------------------


class Counting:
    """Stands before the poller and counts how often the loop looks."""

    def __init__(self, poller: Any) -> None:
        self._poller = poller
        self.looks = 0

    def poll(self, *arguments: Any) -> Any:
        self.looks += 1
        return self._poller.poll(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._poller, name)


@pytest.fixture
def counting(loop: EventLoop) -> Iterator[Counting]:
    counting = Counting(loop._poller)
    loop._poller = counting  # type: ignore[assignment]
    yield counting
    loop.close()


SITUATIONS: dict[str, Callable[[EventSocket, LocalSocket], object]] = {
    "quiet": lambda socket, peer: None,
    "unread": lambda socket, peer: peer.write(b"x"),
    "paused": lambda socket, peer: socket.pause_reading() or peer.write(b"x"),
    "paused, peer gone": lambda socket, peer: socket.pause_reading() or peer.write(b"x") or peer.abort(),
    "full": lambda socket, peer: peer.write(bytes(1000)),
    "full, peer gone": lambda socket, peer: peer.write(bytes(1000)) or peer.abort(),
    "full, unsent": lambda socket, peer: peer.write(bytes(1000)) or socket.write(bytes(1 << 20)),
    "peer finished": lambda socket, peer: peer.shutdown_write(),
    "peer finished, unsent": lambda socket, peer: peer.shutdown_write() or socket.write(bytes(1 << 20)),
    "peer gone, unread": lambda socket, peer: peer.write(b"x") or peer.abort(),
    "both finished": lambda socket, peer: peer.shutdown_write() or socket.shutdown_write(),
    "closing, peer does not read": lambda socket, peer: socket.write(bytes(1 << 20)) or socket.close(),
    "unsent": lambda socket, peer: socket.write(bytes(1 << 20)),
}


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
def test_the_loop_never_spins(
    loop: EventLoop, counting: Counting, situation: Callable[[EventSocket, LocalSocket], object]
) -> None:
    with connected_pair(limits=Limits(read_buffer=100)) as (one, other):
        socket = loop.add(one, Recorder(reads=False, stays_open=True))
        turn_idle(loop)
        situation(socket, other)
        for _ in range(5):
            turn_idle(loop)
        counting.looks = 0
        loop.run(timeout=0.05)
        assert counting.looks < 10
        loop.close()


def test_a_full_or_paused_server_does_not_make_the_loop_spin(loop: EventLoop, counting: Counting) -> None:
    with localsocket.listen("full", max_connections=1, max_connections_per_user=1) as server:
        loop.serve(server, Echo())
        with localsocket.connect("full"), localsocket.connect("full"):
            turn(loop, lambda: server.open_connections == 1)
            counting.looks = 0
            loop.run(timeout=0.05)
            assert counting.looks < 10
        server.pause()
        with localsocket.connect("full"):
            turn_idle(loop)
            counting.looks = 0
            loop.run(timeout=0.05)
            assert counting.looks < 10
