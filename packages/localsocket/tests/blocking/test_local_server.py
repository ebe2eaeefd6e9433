"""A server whose connections are accepted by whoever asks: waiting, limits, pausing, exhaustion, closing."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket as standard
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import localsocket
from blocking.recorder import Recorder, turn, turn_idle
from localsocket import EventLoop, Limits, LocalServer, LocalSocket
from localsocket.blocking.waiting import lend_waker
from localsocket.deadlines import Deadline
from localsocket.errors import (
    BrokenEndpoint,
    Busy,
    ClosedByUs,
    DeadlinePassed,
    ServerNotFound,
    UnsuitableDescriptor,
)
from localsocket.testing import PATIENCE, Background, wait_until

SOON = 0.03


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with localsocket.listen("server") as server:
        yield server


@contextlib.contextmanager
def clients(count: int, address: str = "server") -> Iterator[list[LocalSocket]]:
    with contextlib.ExitStack() as stack:
        connected = [localsocket.connect(address, timeout=PATIENCE) for _ in range(count)]
        for client in connected:
            stack.callback(client.abort)
        yield connected


# --- accepting --------------------------------------------------------------------------------------------------------


def test_an_accepted_connection_knows_the_server_it_came_through() -> None:
    limits = Limits(line=7)
    with localsocket.listen("server", limits=limits) as server, clients(1), server.accept() as accepted:
        assert (accepted.address, accepted.limits) == ("server", limits)
        assert accepted.peer.pid == os.getpid()
        assert not os.get_inheritable(accepted.fileno())
        assert not os.get_blocking(accepted.fileno())


@pytest.mark.parametrize("timeout", [0, SOON])
def test_a_late_accept_says_so(server: LocalServer, timeout: float) -> None:
    began = time.monotonic()
    with pytest.raises(DeadlinePassed, match="accepting a connection at 'server' took longer"):
        server.accept(timeout=timeout)
    assert time.monotonic() - began >= timeout


def test_accepting_with_no_time_takes_who_is_there(server: LocalServer) -> None:
    with clients(1):
        server.accept(timeout=0).abort()


@pytest.mark.parametrize("timeout", [-1, float("nan"), "1", True])
def test_times_are_checked(server: LocalServer, timeout: Any) -> None:
    for wait in (lambda: server.accept(timeout=timeout), lambda: server.wait_pending(timeout)):
        with pytest.raises((ValueError, TypeError), match="timeout must"):
            wait()


def test_accepting_without_waiting(server: LocalServer) -> None:
    assert server.accept_nowait() is None
    with clients(1):
        accepted = server.accept_nowait()
        assert accepted is not None
        accepted.abort()


def test_iterating_gives_connections_until_the_server_is_closed(server: LocalServer) -> None:
    def serve() -> int:
        count = 0
        for accepted in server:
            with accepted:
                accepted.write(b"welcome")
            count += 1
        return count

    with Background(serve) as serving:
        for _ in range(3):
            with localsocket.connect("server") as client:
                assert client.read_to_end(timeout=PATIENCE) == b"welcome"
        serving.wait_until_waiting()
        server.close()
        assert serving.result() == 3


# --- pending connections ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_exactly_so_many_may_be_pending(limit: int) -> None:
    with localsocket.listen("server", max_pending=limit) as server:
        assert server.pending_connections == 0
        with clients(limit + 2):
            assert [server.pending_connections for _ in range(2)] == [limit, limit]
            assert server.open_connections == limit
            for _ in range(limit + 2):
                server.accept(timeout=PATIENCE).abort()
            assert (server.pending_connections, server.open_connections) == (0, 0)


def test_exactly_so_many_are_pending_whoever_asks() -> None:
    with localsocket.listen("server", max_pending=5) as server, clients(40):
        askers = [Background(lambda: [server.pending_connections for _ in range(20)]) for _ in range(8)]
        seen = [max(asker.result()) for asker in askers]
        assert max(seen) == 5
        for _ in range(40):
            server.accept(timeout=PATIENCE).abort()


def test_a_server_tells_its_numbers_and_accepts_nothing_for_it() -> None:
    with localsocket.listen("numbers", max_connections_per_user=2) as server, contextlib.ExitStack() as clients:
        for _ in range(3):
            clients.enter_context(localsocket.connect("numbers", timeout=PATIENCE))
        assert server.stats().to_dict() == {
            "open_connections": 0,
            "pending_connections": 0,
            "refused_connections": 0,
        }
        with server.accept(timeout=PATIENCE):
            assert server.pending_connections == 1
            stats = server.stats()
            assert (stats.open_connections, stats.pending_connections, stats.refused_connections) == (2, 1, 1)


def test_one_thread_at_a_time_makes_connections_pending() -> None:
    others: list[Background[int]] = []
    another_accepts = threading.Event()

    def look_too(_: object) -> bool:
        if others:
            another_accepts.set()
        else:
            others.append(Background(lambda: server.pending_connections))
            another_accepts.wait(0.05)
        return True

    with localsocket.listen("server", max_pending=1, authorize=look_too) as server, clients(3):
        assert server.pending_connections == 1
        assert others[0].result() == 1
        assert len(server._pending) == 1


def test_waiting_for_a_connection_takes_none(server: LocalServer) -> None:
    assert not server.wait_pending(0)
    assert not server.wait_pending(SOON)
    with Background(lambda: server.wait_pending(None)) as waiter:
        waiter.wait_until_waiting()
        with clients(2) as connected:
            assert waiter.result()
            assert server.wait_pending(0)
            assert server.open_connections == 1
            for client in connected:
                accepted = server.accept_nowait()
                assert accepted is not None
                accepted.write(b"in order")
                assert client.read(timeout=PATIENCE) == b"in order"
                accepted.abort()


def test_a_connection_made_pending_wakes_who_accepts(server: LocalServer) -> None:
    with Background(lambda: server.accept(timeout=None)) as waiter:
        waiter.wait_until_waiting()
        with clients(1):
            wait_until(lambda: server.pending_connections or waiter.is_done)
            waiter.result().abort()


def test_a_connection_made_pending_before_the_wait_is_not_slept_through(server: LocalServer) -> None:
    with clients(1):
        assert server.wait_pending(PATIENCE)
        server._wait(Deadline(None))
        server.accept(timeout=0).abort()


@pytest.mark.parametrize("use", ["wait_pending", "pending_connections"])
def test_a_connection_accepted_while_the_server_is_closed_is_closed(use: str) -> None:
    server = localsocket.listen("server", authorize=lambda _: server.close() is None)
    with clients(1) as (client,):
        with pytest.raises(ClosedByUs):
            server.wait_pending(PATIENCE) if use == "wait_pending" else server.pending_connections
        assert client.wait_disconnected(PATIENCE)
        assert server.open_connections == 0


# --- how many ---------------------------------------------------------------------------------------------------------


def test_a_full_server_lets_the_next_one_wait_until_a_place_is_free() -> None:
    with localsocket.listen("server", max_connections=2, max_connections_per_user=2) as server, clients(3):
        first, second = server.accept(timeout=PATIENCE), server.accept(timeout=PATIENCE)
        assert server.accept_nowait() is None
        with pytest.raises(DeadlinePassed):
            server.accept(timeout=SOON)
        waiter = Background(lambda: server.accept(timeout=None))
        waiter.wait_until_waiting()
        first.abort()
        third = waiter.result()
        assert server.open_connections == 2
        second.abort()
        third.abort()
        assert server.open_connections == 0


def test_one_user_has_so_many_connections_and_is_turned_away_then(caplog: pytest.LogCaptureFixture) -> None:
    with localsocket.listen("server", max_connections=4) as server, clients(3) as connected:
        accepted = [server.accept(timeout=PATIENCE), server.accept(timeout=PATIENCE)]
        assert server.accept_nowait() is None
        assert connected[2].wait_disconnected(PATIENCE)
        assert (server.open_connections, server.refused_connections) == (2, 1)
        assert "the most that one user may have" in caplog.text
        for each in accepted:
            each.abort()


def test_a_place_taken_by_one_who_is_turned_away_is_free_for_who_waits() -> None:
    waiters: list[Background[LocalSocket]] = []

    def refuse_the_first(_: object) -> bool:
        if waiters:
            return True
        waiters.append(Background(server.accept))  # it finds the last place taken
        waiters[0].wait_until_waiting()
        return False

    with localsocket.listen(
        "server", max_connections=1, max_connections_per_user=1, authorize=refuse_the_first
    ) as server:
        with clients(1), pytest.raises(DeadlinePassed):
            server.accept(timeout=0)
        with clients(1):
            waiters[0].result().abort()


def test_two_who_accept_at_the_last_place_never_wait_for_each_other() -> None:
    with localsocket.listen("server", max_connections=1, max_connections_per_user=1) as server:

        def accept_often() -> int:
            accepted = 0
            with contextlib.suppress(ClosedByUs):
                while True:
                    server.accept(timeout=PATIENCE).abort()
                    accepted += 1
            return accepted

        acceptors = [Background(accept_often) for _ in range(3)]
        for _ in range(100):
            with localsocket.connect("server", timeout=PATIENCE) as client:
                assert client.wait_disconnected(PATIENCE)
        server.close()
        assert sum(acceptor.result() for acceptor in acceptors) == 100


@pytest.mark.parametrize(
    "options",
    [
        {"max_connections": 0},
        {"max_connections_per_user": 0},
        {"max_pending": -1},
        {"backlog": -1},
        {"mode": -1},
        {"mode": 0o1777},
        {"max_connections": 1.5},
        {"max_pending": True},
        {"authorize": 5},
        {"allow": "everybody"},
    ],
)
def test_what_is_wrong_with_the_options_is_said_before_anything_is_opened(options: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=next(iter(options))):
        localsocket.listen("server", **options)
    with pytest.raises(ServerNotFound):
        localsocket.connect("server")


# --- pausing ----------------------------------------------------------------------------------------------------------


def test_a_paused_server_accepts_nothing_until_it_goes_on(server: LocalServer) -> None:
    server.pause()
    assert server.is_paused
    with clients(1):
        assert server.accept_nowait() is None
        assert server.pending_connections == 0
        with pytest.raises(DeadlinePassed):
            server.accept(timeout=SOON)
        waiter = Background(lambda: server.accept(timeout=None))
        waiter.wait_until_waiting()
        server.resume()
        waiter.result().abort()
    assert not server.is_paused


def test_pausing_reaches_who_waits_already(server: LocalServer) -> None:
    waiter = Background(lambda: server.accept(timeout=None))
    waiter.wait_until_waiting()
    server.pause()
    with clients(1):
        waiter.wait_until_waiting()
        assert not waiter.is_done
        server.resume()
        waiter.result().abort()


def test_pausing_reaches_the_loop(server: LocalServer, loop: EventLoop) -> None:
    recorder = Recorder()
    loop.serve(server, recorder)
    turn_idle(loop)
    server.pause()
    with clients(1):
        turn_idle(loop)
        assert recorder.events == []
        server.resume()
        turn(loop, lambda: recorder.events == ["connected"])
        loop.close()


# --- in a loop --------------------------------------------------------------------------------------------------------


def test_a_full_server_in_a_loop_goes_on_when_a_place_is_free(loop: EventLoop) -> None:
    recorder = Recorder()
    with localsocket.listen("server", max_connections=1, max_connections_per_user=1) as server, clients(2) as both:
        loop.serve(server, recorder)
        turn(loop, lambda: recorder.count("connected") == 1)
        turn_idle(loop)
        assert recorder.count("connected") == 1
        both[0].abort()
        turn(loop, lambda: recorder.count("connected") == 2)
        both[1].abort()
        turn(loop, lambda: recorder.count("disconnected") == 2)
        assert server.open_connections == 0


def test_a_server_in_a_loop_may_be_closed_by_another_thread_while_it_accepts(loop: EventLoop) -> None:
    recorder = Recorder()
    server = localsocket.listen("server", authorize=lambda _: server.close() is None)
    loop.serve(server, recorder)
    with clients(2) as (first, second):
        turn(loop, lambda: recorder.events)
        first.abort()
        turn(loop, lambda: not loop.sockets)
        assert second.wait_disconnected(PATIENCE)
    assert recorder.events[0] == "connected"


def test_a_closed_server_leaves_the_loop_and_its_connections_stay(server: LocalServer, loop: EventLoop) -> None:
    recorder = Recorder()
    loop.serve(server, recorder)
    with clients(1) as (client,):
        turn(loop, lambda: recorder.events == ["connected"])
        server.close()
        turn_idle(loop)
        assert server.fileno() == -1
        client.write(b"still here")
        turn(loop, lambda: recorder.received == b"still here")
        loop.close()


def test_one_loop_at_a_time_serves_it(server: LocalServer, loop: EventLoop) -> None:
    loop.serve(server, Recorder())
    with EventLoop() as other:
        with pytest.raises(Busy, match="a loop serves 'server' already"):
            other.serve(server, Recorder())
        loop.close()
        other.serve(server, Recorder())


def test_a_closed_server_is_not_served(server: LocalServer, loop: EventLoop) -> None:
    server.close()
    with pytest.raises(ClosedByUs):
        loop.serve(server, Recorder())


def test_more_clients_than_are_accepted_at_a_time_are_all_served(loop: EventLoop) -> None:
    recorder = Recorder()
    with localsocket.listen("server", backlog=200) as server, clients(150):
        loop.serve(server, recorder)
        turn(loop, lambda: recorder.count("connected") == 150)
        loop.close()
        assert server.open_connections == 0


def test_an_acceptor_that_ended_before_it_was_noted_ends_once(server: LocalServer, loop: EventLoop) -> None:
    loop.serve(server, Recorder())
    (acceptor,) = loop._acceptors
    acceptor.end()
    loop._acceptors.add(acceptor)
    turn_idle(loop)
    loop.close()


# --- trouble ----------------------------------------------------------------------------------------------------------


class Troubled:
    """Stands before the listening socket and refuses to accept, with errors that the kernel gives seldom."""

    def __init__(self, sock: standard.socket, *numbers: int) -> None:
        self._sock = sock
        self.numbers = list(numbers)

    def accept(self) -> tuple[standard.socket, Any]:
        if self.numbers:
            number = self.numbers.pop(0)
            raise OSError(number, os.strerror(number))
        return self._sock.accept()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def trouble(server: LocalServer, *numbers: int) -> None:
    server._listener.sock = Troubled(server._listener.sock, *numbers)  # type: ignore[assignment]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_a_server_without_descriptors_pauses_says_so_once_and_goes_on(
    server: LocalServer, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    trouble(server, number, number, number)
    with clients(2):
        server.accept(timeout=PATIENCE).abort()
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert "'server' accepts no connections until descriptors are free again" in caplog.text
        trouble(server, number)
        server.accept(timeout=PATIENCE).abort()
        assert len(caplog.records) == 2


def test_a_server_without_descriptors_keeps_the_deadline(server: LocalServer) -> None:
    trouble(server, *[errno.EMFILE] * 100)
    with clients(1), pytest.raises(DeadlinePassed):
        server.accept(timeout=SOON)


def test_a_loop_whose_server_has_no_descriptors_pauses_and_goes_on(
    server: LocalServer, loop: EventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()
    trouble(server, errno.EMFILE, errno.EMFILE)
    loop.serve(server, recorder)
    with clients(1):
        turn_idle(loop)
        assert (recorder.events, server._can_accept) == ([], False)
        turn(loop, lambda: recorder.events == ["connected"])
        assert len(caplog.records) == 1
        loop.close()


def test_an_accept_that_came_to_nothing_is_repeated(server: LocalServer) -> None:
    trouble(server, errno.ECONNABORTED)
    with clients(1):
        server.accept(timeout=PATIENCE).abort()


def test_any_other_error_of_the_system_is_said_with_its_cause(server: LocalServer) -> None:
    trouble(server, errno.EPERM)
    with pytest.raises(BrokenEndpoint, match="accepting a connection at 'server' failed") as caught:
        server.accept(timeout=PATIENCE)
    assert caught.value.errno == errno.EPERM
    assert server.open_connections == 0


def test_an_interrupt_in_authorize_leaves_no_connection_behind() -> None:
    def interrupt(_: object) -> bool:
        raise KeyboardInterrupt

    with localsocket.listen("server", authorize=interrupt) as server, clients(1) as (client,):
        with pytest.raises(KeyboardInterrupt):
            server.accept(timeout=PATIENCE)
        assert client.wait_disconnected(PATIENCE)
        assert server.open_connections == 0


def test_a_flood_of_refused_peers_keeps_nobody_past_the_deadline() -> None:
    with localsocket.listen("server", authorize=lambda _: False, backlog=200) as server, clients(200):
        with pytest.raises(DeadlinePassed):
            server.accept(timeout=0)
        assert 0 < server.refused_connections < 200
        with pytest.raises(DeadlinePassed):
            server.accept(timeout=SOON)
        assert server.refused_connections == 200


# --- closing ----------------------------------------------------------------------------------------------------------


def test_closing_ends_everything_that_was_not_taken(server: LocalServer) -> None:
    with clients(3) as connected:
        assert server.wait_pending(PATIENCE)
        with server.accept(timeout=PATIENCE) as accepted:
            assert server.wait_pending(PATIENCE)
            for _ in range(2):
                server.close()
            for client in connected[1:]:
                assert client.wait_disconnected(PATIENCE)
            accepted.write(b"still here")
            assert connected[0].read(timeout=PATIENCE) == b"still here"
    assert (server.is_listening, server.fileno(), server.pending_connections) == (False, -1, 0)


def test_after_closing_every_use_says_who_closed(server: LocalServer) -> None:
    server.close()
    for use in (server.accept, server.accept_nowait, server.wait_pending, server.pause, server.resume):
        with pytest.raises(ClosedByUs, match="the server at 'server' was closed by this program"):
            use()
    assert list(server) == []


def test_closing_wakes_every_thread_that_accepts(server: LocalServer) -> None:
    waiters = [Background(lambda: server.accept(timeout=None)) for _ in range(4)]
    waiters += [Background(lambda: server.wait_pending(None)) for _ in range(4)]  # type: ignore[misc]
    for waiter in waiters:
        waiter.wait_until_waiting()
    server.close()
    for waiter in waiters:
        with pytest.raises(ClosedByUs):
            waiter.result()
    assert server.fileno() == -1


def test_the_descriptor_stays_open_as_long_as_somebody_waits_on_it(server: LocalServer) -> None:
    waiter = lend_waker()
    server._waiters.enter(waiter)  # a thread that has not come round to poll() yet
    descriptor = server.fileno()
    server.close()
    assert server.fileno() == descriptor
    with pytest.raises(ServerNotFound):
        localsocket.connect("server")
    with server._lock:
        server._leave(waiter)
    assert server.fileno() == -1


def test_repr_tells_what_one_wants_to_know(server: LocalServer) -> None:
    assert repr(server) == "<LocalServer 'server' listening, 0 connections, 0 pending>"
    with clients(1):
        assert server.wait_pending(PATIENCE)
        server.pause()
        assert repr(server) == "<LocalServer 'server' paused, 1 connections, 1 pending>"
        server.close()
        assert repr(server) == "<LocalServer 'server' closed, 0 connections, 0 pending>"


# --- adopting ---------------------------------------------------------------------------------------------------------


def test_a_listening_descriptor_becomes_a_server() -> None:
    listener = standard.socket(standard.AF_UNIX)
    listener.bind(b"")  # the kernel chooses an abstract name
    listener.listen()
    address = "@" + os.fsdecode(listener.getsockname()[1:])
    with LocalServer.adopt_descriptor(listener.detach()) as server:
        assert server.address == address
        assert server.endpoint is not None
        assert server.endpoint.is_abstract
        with clients(1, address) as (client,), server.accept(timeout=PATIENCE) as accepted:
            client.write(b"hello")
            assert accepted.read(timeout=PATIENCE) == b"hello"


def test_a_descriptor_that_does_not_listen_is_refused_and_left_alone() -> None:
    first, second = standard.socketpair()
    with first, second:
        with pytest.raises(UnsuitableDescriptor, match="is not listening"):
            LocalServer.adopt_descriptor(first.fileno())
        first.sendall(b"still open")
        assert second.recv(10) == b"still open"


@pytest.mark.parametrize("options", [{"max_pending": -1}, {"max_connections": 0}, {"allow": 5}])
def test_options_are_checked_before_a_descriptor_is_taken_over(options: Any) -> None:
    with standard.socket(standard.AF_UNIX) as listener:
        listener.bind(b"")
        listener.listen()
        with pytest.raises((ValueError, TypeError), match=next(iter(options))):
            LocalServer.adopt_descriptor(listener.fileno(), **options)
        assert listener.getblocking()
