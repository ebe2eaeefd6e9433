"""Connecting keeps its deadline: found, absent, stale, busy, and what is wrong with the call itself."""

from __future__ import annotations

import os
import signal
import socket as standard
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import localsocket
from leftovers import open_descriptors
from localsocket import ANY_USER, Limits, LocalServer
from localsocket.errors import (
    BrokenEndpoint,
    DeadlinePassed,
    PeerRefused,
    ServerBusy,
    ServerNotFound,
    ServerRefused,
    WrongMode,
)
from localsocket.testing import PATIENCE, Background, wait_until
from pauses import pause_by

SOON = 0.03


@pytest.fixture
def full_server() -> Iterator[LocalServer]:
    """A server whose accept queue has no place left."""
    with localsocket.listen("full", backlog=0) as server, localsocket.connect("full"):
        yield server


def test_a_connected_socket_knows_what_it_was_told() -> None:
    limits = Limits(line=5)
    with localsocket.listen("server"), localsocket.connect("server", limits=limits) as socket:
        assert (socket.address, socket.mode, socket.limits) == ("server", "rw", limits)
        assert (socket.peer.pid, socket.peer.uid) == (os.getpid(), os.geteuid())


@pytest.mark.parametrize("timeout", [None, 0, 5])
def test_a_server_that_is_not_there_is_not_waited_for(timeout: float | None) -> None:
    with pytest.raises(ServerNotFound, match="no server at 'absent'; start it, or pass wait_for_server=True"):
        localsocket.connect("absent", timeout=timeout)


def test_a_stale_socket_file_is_told_from_an_absent_one(runtime_directory: Path) -> None:
    with localsocket.listen("other"):
        pass
    stale = runtime_directory / "localsocket" / "stale"
    with standard.socket(standard.AF_UNIX) as dead:
        dead.bind(str(stale))
    try:
        with pytest.raises(ServerRefused, match="a socket file whose server is gone"):
            localsocket.connect("stale")
        with pytest.raises(DeadlinePassed) as caught:
            localsocket.connect("stale", wait_for_server=True, timeout=SOON)
        assert isinstance(caught.value.__cause__, ServerRefused)
    finally:
        stale.unlink()


@pytest.mark.parametrize("timeout", [0, SOON])
def test_a_server_that_does_not_come_in_time_is_not_waited_for_any_longer(timeout: float) -> None:
    began = time.monotonic()
    with pytest.raises(DeadlinePassed, match=r"no server listens at 'absent' \(tried for .* s\)") as caught:
        localsocket.connect("absent", wait_for_server=True, timeout=timeout)
    assert time.monotonic() - began >= timeout
    assert isinstance(caught.value.__cause__, ServerNotFound)


def test_a_server_that_comes_later_is_found() -> None:
    with Background(lambda: localsocket.connect("later", wait_for_server=True, timeout=None)) as connector:
        with pytest.raises(DeadlinePassed):
            localsocket.connect("later", wait_for_server=True, timeout=SOON)
        with localsocket.listen("later") as server:
            connector.result().abort()
            server.accept(timeout=PATIENCE).abort()


@pytest.mark.parametrize("timeout", [0, SOON])
def test_a_full_accept_queue_is_waited_out_to_the_deadline(full_server: LocalServer, timeout: float) -> None:
    began = time.monotonic()
    with pytest.raises(DeadlinePassed, match=r"the accept queue of 'full' is full \(tried for") as caught:
        localsocket.connect("full", timeout=timeout)
    assert time.monotonic() - began >= timeout
    assert isinstance(caught.value.__cause__, ServerBusy)


def test_a_place_that_becomes_free_is_taken(full_server: LocalServer) -> None:
    with Background(lambda: localsocket.connect("full", timeout=None)) as connector:
        with pytest.raises(DeadlinePassed):
            localsocket.connect("full", timeout=SOON)
        full_server.accept(timeout=PATIENCE).abort()
        socket = connector.result()
        with full_server.accept(timeout=PATIENCE) as accepted:
            accepted.write(b"welcome")
            assert socket.read(timeout=PATIENCE) == b"welcome"
        socket.abort()


def test_a_server_that_closes_while_its_queue_is_waited_out_is_not_found(full_server: LocalServer) -> None:
    connector = Background(lambda: localsocket.connect("full", timeout=None))
    wait_until(lambda: connector.is_done or not full_server.close())
    with pytest.raises(ServerNotFound):
        connector.result()


def test_a_signal_whose_handler_returns_does_not_shorten_the_wait(full_server: LocalServer) -> None:
    arrived: list[int] = []
    previous = signal.signal(signal.SIGALRM, lambda number, _: arrived.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
        began = time.monotonic()
        with pytest.raises(DeadlinePassed):
            localsocket.connect("full", timeout=0.05)
        assert time.monotonic() - began >= 0.05
        assert arrived
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_a_signal_whose_handler_raises_ends_the_wait_and_leaves_no_descriptor(
    full_server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(Exception):
        """Raised by a signal's handler."""

    def interrupt(*_: object) -> None:
        raise Interrupted

    # In the pause, whenever that comes: amid an attempt it might leave something to the garbage collector.
    pause_by(lambda _: signal.raise_signal(signal.SIGALRM), "localsocket.blocking.connect", monkeypatch)
    before = set(open_descriptors())
    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(Interrupted):
            localsocket.connect("full", timeout=PATIENCE)
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert set(open_descriptors()) <= before


def test_waiting_costs_no_processor(full_server: LocalServer) -> None:
    def uses_little() -> bool:
        began = time.process_time()
        with pytest.raises(DeadlinePassed):
            localsocket.connect("full", timeout=0.2)
        return time.process_time() - began < 0.1

    wait_until(uses_little)  # in any moment the collector, or another thread of this process, may use some


def test_an_attempt_that_fails_leaves_no_descriptor(full_server: LocalServer) -> None:
    before = set(open_descriptors())
    with pytest.raises(DeadlinePassed):
        localsocket.connect("full", timeout=SOON)
    with pytest.raises(PeerRefused, match="only nobody is allowed"), localsocket.listen("other"):
        localsocket.connect("other", allow_server=[])
    assert set(open_descriptors()) <= before


def test_no_descriptor_left_is_an_error_of_the_system_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: Any) -> Any:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("localsocket.endpoint.connecting.socket.socket", exhausted)
    with pytest.raises(BrokenEndpoint, match="connecting to 'server' failed: Too many open files") as caught:
        localsocket.connect("server")
    assert caught.value.errno == 24


@pytest.mark.parametrize(("mode", "refused"), [("r", "write"), ("w", "read")])
def test_a_mode_restricts_the_direction(mode: Any, refused: str) -> None:
    with localsocket.listen("server"), localsocket.connect("server", mode=mode) as socket, pytest.raises(WrongMode):
        socket.write(b"x") if refused == "write" else socket.read()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timeout": -1}, "timeout must not be negative"),
        ({"timeout": float("nan")}, "timeout must not be negative or NaN"),
        ({"timeout": "1"}, "timeout must be a number of seconds"),
        ({"mode": "x"}, "mode must be"),
        ({"allow_server": "me"}, "allow_server must be"),
        ({"allow_server": [-1]}, "allow_server must be"),
        ({"allow_server": 5}, "allow_server must be"),
    ],
)
def test_what_is_wrong_with_the_call_is_said_before_anything_is_tried(options: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        localsocket.connect("absent", **options)


def test_any_user_may_be_trusted() -> None:
    with localsocket.listen("server"):
        localsocket.connect("server", allow_server=ANY_USER).close()
        localsocket.connect("server", allow_server={os.geteuid()}).close()
