"""What a socket does on its short way, on both cores: the same as on the long one, and nothing is kept."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from cores import assert_counts_references
from cores import core as core
from localsocket import EventLoop, EventSocket, Handler, Limits, LocalSocket
from localsocket.blocking.poller import READABLE
from localsocket.errors import ClosedByPeer, ClosedByUs

PATIENCE = 60.0
_LIMITS = Limits(write_buffer=2**22)


class Noting(Handler):
    """Reads what arrives, and does with it what it is told."""

    def __init__(self) -> None:
        self.noted: list[object] = []
        self.do: Callable[[EventSocket], object] = lambda driven: self.noted.append(driven.read_available())

    def ready_read(self, socket: EventSocket) -> None:
        self.do(socket)

    def failed(self, socket: EventSocket, error: Exception) -> None:
        self.noted.append(error)


class Driven:
    """A socket of a loop, and the plain socket at its other end."""

    def __init__(self) -> None:
        self.handler = Noting()
        self.loop = EventLoop()
        ours, self.peer = socket.socketpair()
        self.socket = self.loop.add(LocalSocket.adopt_descriptor(ours.detach(), limits=_LIMITS), self.handler)
        self.arrive(b"first")  # which always goes the long way
        assert self.handler.noted == [b"first"]
        assert not self.socket._needs_care

    def turn(self) -> None:
        """Run the loop over what is ready now."""
        self.loop.call_soon(self.loop.call_soon, self.loop.stop)
        self.loop.run(timeout=PATIENCE)

    def arrive(self, data: bytes) -> None:
        self.peer.sendall(data)
        self.turn()


@pytest.fixture
def driven(core: ModuleType) -> Iterator[Driven]:
    made = Driven()
    yield made
    made.loop.close()
    made.peer.close()


def test_one_chunk_after_the_other_is_read_and_answered(driven: Driven) -> None:
    driven.handler.do = lambda socket: socket.write(socket.read_available())
    for number in range(5):
        driven.arrive(b"%d" % number)
        assert driven.peer.recv(10) == b"%d" % number


def test_what_is_written_next_is_sent_behind_the_rest_of_a_write(driven: Driven) -> None:
    much = bytes(range(256)) * 8192
    driven.socket.write(much)  # more than the kernel takes
    assert 0 < driven.socket.bytes_to_write < len(much)
    driven.peer.setblocking(False)
    arrived = bytearray(driven.peer.recv(len(much)))  # so that there is room, and nothing of the rest sent yet
    driven.socket.write(b"then this")
    while len(arrived) < len(much) + len(b"then this"):
        driven.turn()
        arrived += driven.peer.recv(len(much))
    assert bytes(arrived) == much + b"then this"


def test_an_interrupt_while_the_rest_is_queued_breaks_the_connection_off(
    driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(driven.socket), "_queue_rest", interrupted)
    with pytest.raises(KeyboardInterrupt):
        driven.socket.write(bytes(2**21))
    monkeypatch.undo()
    with pytest.raises(ClosedByUs, match="interrupted"):
        driven.socket.write(b"and this would look as if it followed")


def test_a_write_waits_for_the_thread_that_is_writing(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it could come between a part that was sent and the rest."""
    asked: list[bool] = []

    class HeldLock:
        """Held by another thread, until somebody waits for it."""

        def acquire(self, blocking: bool = True) -> bool:
            assert not select.select([driven.peer], [], [], 0)[0], "nothing is sent before"
            asked.append(blocking)
            return blocking

        def release(self) -> None: ...

        __enter__ = acquire

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(driven.socket, "_lock", HeldLock())
    driven.socket.write(b"x")
    assert asked[-1] is True
    assert driven.peer.recv(10) == b"x"


def test_a_write_to_a_peer_that_has_gone_says_so_and_what_is_lost(driven: Driven) -> None:
    driven.peer.close()
    with pytest.raises(ClosedByPeer) as told:
        driven.socket.write(b"12345")
    assert told.value.unsent == 5


def test_what_a_handler_raises_ends_its_connection_alone(driven: Driven, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_socket: EventSocket) -> None:
        raise ValueError("of the handler")

    driven.handler.do = fail
    driven.arrive(b"x")
    assert "of the handler" in caplog.text
    assert not driven.socket.is_connected
    caplog.clear()


def test_an_interrupt_of_a_handler_leaves_the_loop_and_what_arrived_can_be_read(driven: Driven) -> None:
    def interrupted(_socket: EventSocket) -> None:
        raise KeyboardInterrupt

    driven.handler.do = interrupted
    with pytest.raises(KeyboardInterrupt):
        driven.arrive(b"kept")
    assert driven.socket.read_available(2) == b"ke"
    assert driven.socket.read_available(max_bytes=10) == b"pt"


@pytest.mark.long
def test_no_memory_is_kept_by_any_way(driven: Driven) -> None:
    peer, sock = driven.peer, driven.socket
    peer.setblocking(False)

    def once() -> None:
        driven.handler.do = lambda socket: socket.write(socket.read_available())
        peer.send(b"x" * 300)
        sock._on_events(READABLE)
        peer.recv(1000)
        sock._on_events(READABLE)  # with nothing there
        driven.handler.do = lambda _socket: None
        peer.send(b"y" * 100)
        sock._on_events(READABLE)
        assert sock.read_available(max_bytes=50) + sock.read_available() == b"y" * 100
        sock.write(data=bytearray(b"z"))
        assert peer.recv(1000) == b"z"
        with pytest.raises(TypeError):
            sock.write(None)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            sock.read_available(1, 2)  # type: ignore[call-arg]

    assert_counts_references(once)
