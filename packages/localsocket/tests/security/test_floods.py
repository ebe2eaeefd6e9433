"""One peer that is slow, silent or greedy costs itself, and nobody else: lessons S15, S20 and S21."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localsocket import EventSocket, Handler, Limits, LocalSocket, ServerThread, connect, listen
from localsocket.errors import DeadlinePassed, LocalSocketError, WriteBufferFull
from localsocket.interfaces import KIB, MIB
from localsocket.sockets.acceptor import Acceptor
from programs import NOBODY, STRANGER, Program, run


class Echo(Handler):
    def ready_read(self, socket: EventSocket) -> None:
        socket.write(socket.read_available())


def echo(socket: LocalSocket) -> None:
    while received := socket.read():
        socket.write(received)


FACES = pytest.mark.parametrize("handler", [Echo(), echo], ids=["loop", "threads"])


@pytest.fixture
def path(runtime_directory: Path) -> Path:
    return runtime_directory / "x.sock"


@contextlib.contextmanager
def mute_clients(path: Path, count: int) -> Iterator[list[socket.socket]]:
    """Clients that connect and then say nothing, read nothing and stay."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(count)]
        for client in clients:
            client.connect(str(path))
        yield clients


def assert_served(path: Path) -> None:
    with connect(path, timeout=60) as client:
        client.write(b"good call")
        assert client.read_exactly(9, timeout=60) == b"good call"


# --- S15: a silent client -----------------------------------------------------------------------------------------


@FACES
def test_s15_fifty_mute_clients_hold_up_nobody(path: Path, handler: Handler) -> None:
    with ServerThread(path, handler) as thread, mute_clients(path, 50):
        assert_served(path)
        assert thread.server.open_connections >= 50


def test_s15_mute_clients_hold_up_nobody_who_accepts_by_hand(path: Path) -> None:
    with listen(path) as server, mute_clients(path, 20), connect(path) as client:
        client.write(b"good call")
        accepted = [server.accept(timeout=60) for _ in range(21)]
        assert accepted[-1].read_exactly(9, timeout=60) == b"good call"
        for connection in accepted:
            connection.close()


def test_s15_a_client_that_stops_in_the_midst_of_a_line_holds_up_nobody(path: Path) -> None:
    def answer_line(socket: LocalSocket) -> None:
        socket.write(socket.read_line() + b"\n")

    with ServerThread(path, answer_line) as thread, mute_clients(path, 10) as clients:
        for client in clients:
            client.sendall(b"half a li")
        with connect(path) as good:
            good.write(b"good call\n")
            assert good.read_line(timeout=60) == b"good call"
        assert thread.server.open_connections >= 10


# --- S20: a client that never reads -------------------------------------------------------------------------------


class Broadcaster(Handler):
    """Passes on what one client sends to all, and waits for none."""

    def __init__(self) -> None:
        self.members: set[EventSocket] = set()
        self.dropped: list[LocalSocketError] = []
        self.most_queued = 0

    def connected(self, socket: EventSocket) -> None:
        self.members.add(socket)

    def ready_read(self, socket: EventSocket) -> None:
        received = socket.read_available()
        for member in list(self.members):
            try:
                member.write(received)
            except WriteBufferFull as error:
                self.dropped.append(error)
                member.abort()
                self.members.discard(member)
            else:
                self.most_queued = max(self.most_queued, member.bytes_to_write)

    def disconnected(self, socket: EventSocket) -> None:
        self.members.discard(socket)


def test_s20_a_client_that_never_reads_costs_its_own_connection_only(path: Path) -> None:
    """64 MiB are passed on to all; what the mute one leaves unread never takes more than its limit."""
    handler = Broadcaster()
    limits = Limits(write_buffer=2 * MIB)
    chunk = bytes(256 * KIB)
    with ServerThread(path, handler, limits=limits), mute_clients(path, 1) as (mute,), connect(path) as good:
        tracemalloc.start()
        for _ in range(256):
            good.write(chunk, timeout=60)
            assert good.read_exactly(len(chunk), timeout=60) == chunk
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(handler.dropped) == 1
        assert "the limit is 2097152; write less, wait until they are sent" in str(handler.dropped[0])
        assert 0 < handler.most_queued <= limits.write_buffer
        assert peak < 8 * MIB
        assert mute.recv(1) == b"\0"  # what it was sent before is still its own


@FACES
def test_s20_an_echo_for_a_client_that_never_reads_stays_within_its_limits(path: Path, handler: Handler) -> None:
    limits = Limits(read_buffer=MIB, write_buffer=MIB)
    chunk = bytes(256 * KIB)
    with ServerThread(path, handler, limits=limits), mute_clients(path, 1) as (mute,):
        mute.settimeout(0.5)
        tracemalloc.start()
        sent = 0
        # The kernel holds it back, or the server hangs up, long before it has sent 64 MiB.
        with contextlib.suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
            while sent < 64 * MIB:
                sent += mute.send(chunk)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert sent < 8 * MIB
        assert peak < 8 * MIB
        assert_served(path)


def test_s20_a_write_to_a_client_that_never_reads_ends_with_its_deadline(path: Path) -> None:
    with listen(path, limits=Limits(write_buffer=MIB)) as server, mute_clients(path, 1):
        connection = server.accept(timeout=60)
        with pytest.raises(DeadlinePassed):
            connection.write(bytes(4 * MIB), timeout=0.05)
        with pytest.raises(DeadlinePassed, match=r"writing took longer than 0 s$"):
            connection.write(b"more", timeout=0)
        connection.abort()


def test_s20_a_client_that_sends_without_end_fills_its_read_buffer_and_no_more(path: Path) -> None:
    class Deaf(Handler):
        """Reads nothing."""

        def __init__(self) -> None:
            self.sockets: list[EventSocket] = []

        def connected(self, socket: EventSocket) -> None:
            self.sockets.append(socket)

        def ready_read(self, socket: EventSocket) -> None:
            assert socket.bytes_available <= MIB

    handler = Deaf()
    with ServerThread(path, handler, limits=Limits(read_buffer=MIB)), mute_clients(path, 1) as (flooder,):
        flooder.setblocking(False)
        sent = 0
        is_held_back = False
        while not is_held_back:
            try:
                sent += flooder.send(bytes(64 * KIB))
            except BlockingIOError:
                is_held_back = bool(handler.sockets) and handler.sockets[0].bytes_available == MIB
            assert sent < 4 * MIB
        assert handler.sockets[0].is_connected


# --- S21: a client with very many connections ---------------------------------------------------------------------


def test_s21_a_full_server_lets_the_next_one_wait_and_then_in(path: Path) -> None:
    is_open, may_end = threading.Event(), threading.Event()

    def hold(socket: LocalSocket) -> None:
        is_open.set()
        may_end.wait()
        socket.write(b"served")

    with ServerThread(path, hold, max_connections=1, max_connections_per_user=1) as thread, connect(path) as first:
        assert is_open.wait(60)
        with connect(path) as second:  # in the backlog
            assert thread.server.open_connections == 1
            may_end.set()
            assert first.read_exactly(6, timeout=60) == b"served"
            assert second.read_exactly(6, timeout=60) == b"served"


@FACES
def test_s21_connections_above_a_users_share_are_turned_away(path: Path, handler: Handler) -> None:
    with ServerThread(path, handler, max_connections=8) as thread, mute_clients(path, 4) as kept:
        for client in kept:
            client.sendall(b"x")
            assert client.recv(1) == b"x"
        with mute_clients(path, 20) as crowd:
            assert {client.recv(1) for client in crowd} == {b""}
        assert thread.server.refused_connections == 20
        kept[0].close()
        # Its place is free as soon as the server has seen the end.
        while thread.server.open_connections == 4:
            pass
        assert_served(path)


@pytest.mark.long
@pytest.mark.root
def test_s21_two_thousand_connections_of_one_user_leave_room_for_another(public_directory: Path) -> None:
    """With the default limits, in a process that may open 1024 files, as most may."""
    path = public_directory / "x.sock"
    with Program("serve.py", path, "--mode=666", "--any-user", "--descriptors=1024") as server:
        server.read()
        with Program("crowd.py", path, 2000, uid=NOBODY) as crowd:
            assert crowd.read() == {"kept": 512, "turned away": 1488}
            (greeting,) = run("call.py", path, "--any-server", uid=STRANGER)
            assert (greeting["uid"], greeting["server"]) == (STRANGER, server.pid)
            (greeting,) = run("call.py", path)
            assert greeting["uid"] == os.geteuid()
            crowd.end()
        (greeting,) = run("call.py", path, "--any-server", uid=NOBODY)
        assert greeting["uid"] == NOBODY


@pytest.mark.long
@pytest.mark.root
def test_s21_whoever_waits_for_each_of_many_connections_leaves_room_for_another(public_directory: Path) -> None:
    """A waiting thread needs a second descriptor: one user may not take those either, nor all the threads."""
    path = public_directory / "x.sock"
    with Program("attacked.py", "threads", path, "--any-user", "--descriptors=256") as server:
        server.read()
        with Program("crowd.py", path, 400, "--speaks", uid=NOBODY) as crowd:
            assert crowd.read()["kept"] == 64
            assert run("exchange.py", path, uid=STRANGER) == [{"exchanged": True}]
            assert run("exchange.py", path) == [{"exchanged": True}]
            crowd.end()


def test_s21_of_many_that_connect_at_once_a_few_are_let_in_between_two_turns_of_the_others(path: Path) -> None:
    class Loop:
        """Only accepts, when told to."""

        def call_soon(self, callback: Callable[[], object]) -> None:
            callback()

        call_later = _watch_readable = _unwatch = lambda *_: None

    begun: list[socket.socket] = []
    with listen(path) as server, mute_clients(path, 40):
        acceptor = Acceptor(Loop(), server, lambda sock, *_: begun.append(sock), lambda _: None)
        acceptor._accept()
        assert 0 < len(begun) <= 8
        for _ in range(40):
            acceptor._accept()
        assert len(begun) == 40
        acceptor.end()
        for each in begun:
            each.close()
