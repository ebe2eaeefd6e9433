"""Accepting, connecting and writing that is interrupted before any line costs no place, no descriptor and no order."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

import pytest

import localsocket
from interrupts.every_line import Interruption, at_every_line
from localsocket import LocalServer, LocalSocket
from localsocket.errors import ClosedByUs, DeadlinePassed, LocalSocketError
from localsocket.testing import PATIENCE, Background, wait_until

# A socket that an interrupt has cut off from its owner is closed by the garbage collector, which says so.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

MUCH = 1 << 20


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with localsocket.listen("interrupts.sockets", max_connections=3) as server:
        yield server


@pytest.mark.long
def test_accepting_takes_no_place_for_good(server: LocalServer) -> None:
    def scenario(interruption: Interruption) -> None:
        with localsocket.connect(server.address) as client:
            with interruption:
                server.accept(timeout=PATIENCE).close()
            with contextlib.suppress(LocalSocketError):
                client.write(b"anybody there?")
        if server.pending_connections:  # it had not been accepted yet
            server.accept().close()
        wait_until(lambda: server.open_connections == 0, "every place to be given back")

    assert at_every_line(scenario, within_with=True) > 50


def test_looking_for_pending_connections_takes_no_place_for_good(server: LocalServer) -> None:
    def scenario(interruption: Interruption) -> None:
        with localsocket.connect(server.address):
            with interruption:
                assert server.wait_pending(PATIENCE)
            while server.pending_connections:
                server.accept().close()
        wait_until(lambda: server.open_connections == 0, "every place to be given back")

    assert at_every_line(scenario, within_with=True) > 50


@pytest.mark.long
def test_connecting_leaves_nothing_open(server: LocalServer) -> None:
    def scenario(interruption: Interruption) -> None:
        with interruption:
            localsocket.connect(server.address).close()
        with localsocket.connect(server.address):
            pass
        while server.pending_connections:
            with server.accept() as accepted:
                assert accepted.read_to_end(timeout=PATIENCE) == b""

    assert at_every_line(scenario, within_with=True) > 50


@pytest.mark.long
def test_nobody_waits_any_more_who_was_interrupted_while_reading() -> None:
    def scenario(interruption: Interruption) -> None:
        ours, theirs = localsocket.pair()
        with ours, theirs:
            theirs.write(b"some")
            with contextlib.suppress(DeadlinePassed), interruption:
                ours.read(timeout=PATIENCE)
                ours.read(timeout=0.001)
            ours.abort()
            assert ours.fileno() == -1  # which stays open as long as somebody waits on it
            assert theirs.read_to_end(timeout=PATIENCE) == b""

    assert at_every_line(scenario, within_with=True) > 50


def test_a_server_that_was_interrupted_while_it_waited_can_be_closed() -> None:
    def scenario(interruption: Interruption) -> None:
        server = localsocket.listen("interrupts.closing")
        with contextlib.suppress(DeadlinePassed), interruption:
            server.accept(timeout=0.001)
        server.close()
        assert server.fileno() == -1

    assert at_every_line(scenario, within_with=True) > 50


@pytest.mark.long
@pytest.mark.parametrize("size", [10, MUCH])
def test_what_is_written_stays_whole_or_the_connection_is_closed_and_says_so(size: int) -> None:
    def scenario(interruption: Interruption) -> None:
        ours, theirs = localsocket.pair()
        with contextlib.ExitStack() as ends, Background(read_all, theirs) as reader:
            ends.enter_context(contextlib.suppress(LocalSocketError))
            ends.enter_context(ours)
            numbers = itertools.count()
            with interruption:
                ours.write(piece(next(numbers), size), timeout=PATIENCE)
            try:
                ours.write(piece(1, size), timeout=PATIENCE)
                ours.shutdown_write(timeout=PATIENCE)
            except ClosedByUs:
                whole = False
            else:
                whole = True
            ours.close()
        received = reader.result()
        if whole:
            assert received in (piece(1, size), piece(0, size) + piece(1, size))

    assert at_every_line(scenario, within_with=True) > 5


def piece(number: int, size: int) -> bytes:
    return bytes([number]) * size


def read_all(socket: LocalSocket) -> bytes:
    received = b""
    with contextlib.suppress(LocalSocketError), socket:
        while data := socket.read(timeout=PATIENCE):
            received += data
    return received
