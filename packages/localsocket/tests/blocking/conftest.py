"""What the tests of the blocking layer share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import pytest

import localsocket
from blocking.recorder import Recorder
from localsocket import EventLoop, EventSocket, LocalSocket
from localsocket.blocking import waiting
from localsocket.interfaces import DEFAULT_LIMITS, Limits, OpenMode
from localsocket.testing import Background, wait_until


@pytest.fixture(autouse=True)
def every_wait_has_ended() -> Iterator[None]:
    """Fail the test after which a waker is still lent."""
    yield
    assert {waker for waker in waiting._all_wakers if waker.fileno() >= 0} == set(waiting._idle_wakers)


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    """A loop that the test runs itself; see recorder.turn()."""
    with EventLoop() as loop:
        yield loop


@pytest.fixture
def running_loop() -> Iterator[EventLoop]:
    """A loop that runs in another thread."""
    with EventLoop() as loop, Background(loop.run):
        try:
            yield loop
        finally:
            loop.stop()


class Ends(NamedTuple):
    """A socket of the face under test, and the blocking socket at its other end."""

    socket: LocalSocket | EventSocket
    peer: LocalSocket

    def arrive(self, data: bytes) -> None:
        """Have the peer send, and wait until the socket could give all of it."""
        expected = self.socket.bytes_available + len(data)
        self.peer.write(data)
        wait_until(lambda: self.socket.bytes_available == expected, f"{expected} bytes to arrive")

    def end(self) -> None:
        """Have the peer finish sending, and wait until the socket knows."""
        self.peer.shutdown_write()
        wait_until(lambda: self.socket._received.has_ended or self.socket.is_at_end, "the end to arrive")


class MakeEnds(Protocol):
    def __call__(self, *, limits: Limits = ..., mode: OpenMode = ...) -> Ends: ...


@pytest.fixture(params=["blocking", "events"])
def make_ends(request: pytest.FixtureRequest) -> Iterator[MakeEnds]:
    """Make connected ends, the first of the face under test, with the limits and the mode given."""
    loop: EventLoop | None = request.getfixturevalue("running_loop") if request.param == "events" else None
    with contextlib.ExitStack() as sockets:

        def make(*, limits: Limits = DEFAULT_LIMITS, mode: OpenMode = "rw") -> Ends:
            first, peer = localsocket.pair()
            sockets.callback(peer.abort)
            blocking = LocalSocket.adopt_descriptor(first.detach(), mode=mode, limits=limits)
            socket = blocking if loop is None else loop.add(blocking, Recorder(reads=False, stays_open=True))
            sockets.callback(socket.abort)
            return Ends(socket, peer)

        yield make


@pytest.fixture
def ends(make_ends: MakeEnds) -> Ends:
    return make_ends()
