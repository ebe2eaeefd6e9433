"""Processes that are killed in the middle of something."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator

import pytest

import localsocket
from localsocket import EventLoop, EventSocket, Handler, ServerThread, errors
from localsocket.errors import LocalSocketError
from localsocket.testing import PATIENCE, Background
from programs import Program

CROWD = 1000


@pytest.fixture
def many_files() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


class Ends(Handler):
    """Notes what it is told when connections end, and what it could still read then."""

    def __init__(self, expected: int = 1) -> None:
        self.failures: list[LocalSocketError] = []
        self.rest = b""
        self.ended = 0
        self.expected = expected
        self.is_over = threading.Event()

    def ready_read(self, socket: EventSocket) -> None:
        """Leaves the bytes until there are enough of them, as for a message."""

    def end_of_stream(self, socket: EventSocket) -> None:
        self.rest += socket.read_available()
        super().end_of_stream(socket)

    def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
        self.failures.append(error)

    def disconnected(self, socket: EventSocket) -> None:
        self.ended += 1
        if self.ended == self.expected:
            self.is_over.set()


def test_what_a_killed_peer_sent_stays_readable() -> None:
    with (
        localsocket.listen("victim") as server,
        Program("send_part.py", "victim", 700) as sender,
        server.accept(timeout=PATIENCE) as socket,
    ):
        assert sender.read() == {"sent": 700}
        sender.kill()
        with pytest.raises(errors.EndOfStream) as end:
            socket.read_exactly(1000, timeout=PATIENCE)
        assert end.value.available == 700
        assert socket.read_exactly(700) == b"x" * 700
        assert socket.is_at_end
        with pytest.raises(errors.ClosedByPeer):
            socket.write(b"are you there?")


@pytest.mark.long
def test_a_reader_waiting_for_the_rest_is_woken_by_the_kill() -> None:
    with (
        localsocket.listen("victim") as server,
        Program("send_part.py", "victim", 5) as sender,
        server.accept(timeout=PATIENCE) as socket,
        Background(lambda: socket.read_line()) as reader,
    ):
        sender.read()
        reader.wait_until_waiting()
        sender.kill()
        assert reader.result() == b"xxxxx"  # what is left at the end counts as a line


def test_a_handler_hears_once_that_its_peer_was_killed() -> None:
    handler = Ends()
    with ServerThread("victim", handler), Program("send_part.py", "victim", 700) as sender:
        sender.read()
        sender.kill()
        assert handler.is_over.wait(PATIENCE)
    assert (handler.rest, handler.ended, handler.failures) == (b"x" * 700, 1, [])


@pytest.mark.long
@pytest.mark.may_leave("files", reason="a killed server cannot remove its socket")
@pytest.mark.usefixtures("many_files")
def test_a_server_killed_under_a_thousand_connections_wakes_them_all() -> None:
    handler = Ends(CROWD)
    with Program("serve.py", "doomed") as server, EventLoop() as loop:
        server.read()
        for _ in range(CROWD):
            loop.connect("doomed", handler, timeout=PATIENCE)
        with Background(loop.run):
            server.kill()
            assert handler.is_over.wait(PATIENCE)
            loop.stop()
        assert not loop.sockets
    assert handler.ended == CROWD
    assert all(isinstance(failure, errors.ClosedByPeer) for failure in handler.failures)


@pytest.mark.long
@pytest.mark.usefixtures("many_files")
def test_a_killed_servers_name_is_free_at_once_with_its_clients_still_there() -> None:
    with Program("serve.py", "doomed") as server:
        server.read()
        clients = [localsocket.connect("doomed") for _ in range(50)]
        server.kill()
        with (
            localsocket.listen("doomed") as successor,
            localsocket.connect("doomed") as client,
            successor.accept(timeout=PATIENCE) as accepted,
        ):
            accepted.write(b"new\n")
            assert client.read_line(timeout=PATIENCE) == b"new"
        for socket in clients:
            assert socket.wait_disconnected(PATIENCE)
            socket.abort()
