"""A connection that changes hands: between the faces, with all that is read ahead and unsent."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket as plain
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import localsocket
from aio.conftest import DEBUG_LOOPS
from aio.ends import SMALL, Peer, attach, closing, connected, no_descriptor_left, pattern, turns, turns_until, waiting
from localsocket import ANY_USER, EventLoop, EventSocket, Handler, Limits, LocalSocket, SocketState, aio
from localsocket.errors import (
    BrokenEndpoint,
    Busy,
    ClosedByPeer,
    ClosedByUs,
    PeerRefused,
    UnsuitableDescriptor,
    WrongMode,
)
from localsocket.sockets.connection import Connection
from localsocket.testing import PATIENCE, Background, clog, wait_until

LOOP_KINDS = DEBUG_LOOPS

AHEAD = b"read ahead\nand more\n"
UNSENT = pattern(16 * SMALL)
LIMITS = Limits(line=1000)

either_way = pytest.mark.parametrize("attached", [False, True], ids=["not attached", "attached"])


@contextlib.contextmanager
def blocking_end(*, mode: Any = "rw", unsent: bool = True) -> Iterator[tuple[LocalSocket, Peer, int]]:
    """Give a blocking socket that has read ahead and has bytes to send, its peer, and how many bytes come first."""
    ours, theirs = plain.socketpair()
    socket = LocalSocket.adopt_descriptor(ours.detach(), mode=mode, limits=LIMITS)
    with theirs:
        theirs.send(AHEAD)
        if mode != "w":
            assert socket.bytes_available == len(AHEAD)
        clogged = clog(socket) if unsent else 0
        if unsent:
            socket.write_nowait(UNSENT)
        yield socket, Peer(theirs), clogged
    socket.abort()


async def test_a_blocking_socket_is_taken_over_with_all_that_is_on_its_way() -> None:
    with blocking_end() as (blocking, peer, clogged):
        async with closing(aio.adopt(blocking)) as socket:
            assert type(socket) is aio.LocalSocket
            assert (socket.limits, socket.peer, socket.mode) == (LIMITS, blocking.peer, "rw")
            assert (socket.bytes_available, socket.bytes_to_write) == (len(AHEAD), len(UNSENT))
            assert blocking.state is SocketState.CLOSED
            for use in (blocking.read, lambda: blocking.write(b"x"), lambda: aio.adopt(blocking)):
                with pytest.raises(ClosedByUs):
                    use()
            assert await socket.read_line() == b"read ahead"
            peer.send(b"new\n")
            assert [await socket.read_line(), await socket.read_line()] == [b"and more", b"new"]
            async with waiting(socket.write(b"the end")):
                assert await peer.receive_exactly(clogged + len(UNSENT) + 7) == bytes(clogged) + UNSENT + b"the end"


async def test_what_was_unsent_goes_out_by_itself() -> None:
    with blocking_end() as (blocking, peer, clogged):
        async with closing(aio.adopt(blocking)) as socket:
            assert await peer.receive_exactly(clogged + len(UNSENT)) == bytes(clogged) + UNSENT
            assert socket.bytes_to_write == 0


def test_a_socket_is_taken_over_where_no_loop_runs_yet(run: Any) -> None:
    async def main() -> None:
        async with closing(socket), waiting(socket.flush()):
            assert await peer.receive_exactly(clogged + len(UNSENT)) == bytes(clogged) + UNSENT
            assert await socket.read() == AHEAD

    with blocking_end() as (blocking, peer, clogged):
        socket = aio.adopt(blocking)
        run(main())


@either_way
async def test_a_blocking_socket_takes_over_what_a_loop_had(attached: bool) -> None:
    async with connected(attached=attached, kernel_buffer=SMALL) as (socket, peer):
        peer.send(AHEAD)
        assert await socket.wait_readable(PATIENCE)
        socket.write_nowait(UNSENT)
        unsent = socket.bytes_to_write
        assert unsent
        with localsocket.adopt(socket) as blocking:
            assert type(blocking) is LocalSocket
            assert socket.state is SocketState.CLOSED
            assert blocking.bytes_to_write == unsent
            peer.send(b"new")
            with pytest.raises(ClosedByUs):
                await socket.read()
            await socket.close()
            assert socket.fileno() == -1
            await turns(10)  # no loop touches it any more
            assert blocking.bytes_to_write == unsent
            assert await asyncio.to_thread(blocking.read_exactly, len(AHEAD) + 3, timeout=PATIENCE) == AHEAD + b"new"
            flushing = asyncio.ensure_future(asyncio.to_thread(blocking.flush, timeout=PATIENCE))
            assert await peer.receive_exactly(len(UNSENT)) == UNSENT
            await flushing


@either_way
async def test_from_one_to_another_of_the_same_face_and_back_nothing_is_lost(attached: bool) -> None:
    sent = pattern(4000)
    async with connected(attached=attached, limits=Limits(read_buffer=100), kernel_buffer=SMALL) as (first, peer):
        received = b""
        socket: Any = first
        peer.send(sent)
        first.write_nowait(UNSENT)
        for number in range(10):
            if number % 3 == 2:
                socket = localsocket.adopt(socket)
            else:
                socket = aio.adopt(socket)
                received += await socket.read(150)
                if number % 2:
                    await attach(socket)
        async with closing(aio.adopt(socket)) as last:
            while len(received) < len(sent):
                received += await last.read()
            assert received == sent
            assert await peer.receive_exactly(len(UNSENT)) == UNSENT


async def test_what_has_ended_stays_ended() -> None:
    """Who closed, and which half, is said by the new socket as the old one would have said it."""
    with blocking_end(unsent=False) as (blocking, peer, _):
        blocking.shutdown_write()
        async with closing(aio.adopt(blocking)) as socket:
            with pytest.raises(ClosedByUs, match="writing half"):
                await socket.write(b"x")
            assert await peer.receive_to_end() == b""
    with blocking_end(unsent=False) as (blocking, peer, _):
        peer.end()
        assert blocking.read_to_end() == AHEAD
        async with closing(aio.adopt(blocking)) as socket:
            assert await socket.read() == b""
    with blocking_end(unsent=False) as (blocking, peer, _):
        blocking.write(b"never read")
        peer.close()
        assert blocking.read_exactly(len(AHEAD)) == AHEAD
        with pytest.raises(ClosedByPeer):
            blocking.read()
        async with closing(aio.adopt(blocking)) as socket:
            with pytest.raises(ClosedByPeer):
                await socket.read()


async def test_modes_stay() -> None:
    with blocking_end(mode="w") as (blocking, peer, clogged):
        async with closing(aio.adopt(blocking)) as socket:
            with pytest.raises(WrongMode):
                await socket.read()
            assert await peer.receive_exactly(clogged + len(UNSENT)) == bytes(clogged) + UNSENT


# --- refused ----------------------------------------------------------------------------------------------------------


async def test_a_socket_in_a_transaction_or_waited_on_by_a_thread_is_not_taken_over() -> None:
    with blocking_end(unsent=False) as (blocking, peer, _):
        with blocking.transaction(), pytest.raises(Busy, match="transaction"):
            aio.adopt(blocking)
        reader = Background(lambda: blocking.read_exactly(len(AHEAD) + 1))
        reader.wait_until_waiting()
        with pytest.raises(Busy, match="another thread waits"):
            aio.adopt(blocking)
        peer.send(b"!")
        assert reader.result() == AHEAD + b"!"
        aio.adopt(blocking).abort()


@either_way
@pytest.mark.parametrize("adopt", [localsocket.adopt, aio.adopt])
async def test_a_socket_that_a_task_waits_on_is_not_taken_over(
    adopt: Callable[[Connection], LocalSocket | aio.LocalSocket], attached: bool
) -> None:
    async with connected(attached=attached) as (socket, peer):
        with socket.transaction(), pytest.raises(Busy, match="transaction"):
            adopt(socket)
        for call in (socket.read(), socket.wait_disconnected()):
            async with waiting(call) as reading:
                with pytest.raises(Busy, match="another task waits"):
                    adopt(socket)
                assert not reading.done()
        peer.send(b"still here")
        assert await socket.read() == b"still here"
        adopt(socket).abort()
        await socket.close()


async def test_without_a_descriptor_nothing_has_changed() -> None:
    reason = f"giving the connection away failed: {os.strerror(errno.EMFILE)}"
    async with connected(attached=True, kernel_buffer=SMALL) as (socket, peer):
        socket.write_nowait(UNSENT)
        with no_descriptor_left(), pytest.raises(BrokenEndpoint, match=reason):
            localsocket.adopt(socket)
        peer.send(b"still here")
        assert await socket.read() == b"still here"
        assert await peer.receive_exactly(len(UNSENT)) == UNSENT


# --- other faces and descriptors --------------------------------------------------------------------------------------


class Keeper(Handler):
    """Leaves its socket alone."""

    def __init__(self) -> None:
        self.sockets: list[EventSocket] = []

    def connected(self, socket: EventSocket) -> None:
        self.sockets.append(socket)

    def ready_read(self, socket: EventSocket) -> None: ...


@pytest.fixture
def event_loop() -> Iterator[EventLoop]:
    with EventLoop() as loop, Background(loop.run):
        try:
            yield loop
        finally:
            loop.stop()


async def test_a_socket_of_an_event_loop_is_taken_over(event_loop: EventLoop) -> None:
    keeper = Keeper()
    with blocking_end() as (blocking, peer, clogged):
        driven = event_loop.add(blocking, keeper)
        wait_until(lambda: keeper.sockets)
        async with closing(aio.adopt(driven)) as socket:
            assert driven.state is SocketState.CLOSED
            assert await socket.read_exactly(len(AHEAD)) == AHEAD
            assert await peer.receive_exactly(clogged + len(UNSENT)) == bytes(clogged) + UNSENT


async def test_an_event_loop_takes_over_what_asyncio_had(event_loop: EventLoop) -> None:
    async with connected(attached=True, kernel_buffer=SMALL) as (socket, peer):
        peer.send(AHEAD)
        assert await socket.wait_readable(PATIENCE)
        socket.write_nowait(UNSENT)
        driven = event_loop.add(localsocket.adopt(socket), Keeper())
        assert await peer.receive_exactly(len(UNSENT)) == UNSENT
        assert driven.read_exactly_nowait(len(AHEAD)) == AHEAD
        driven.abort()


async def test_a_descriptor_becomes_a_socket() -> None:
    ours, theirs = plain.socketpair()
    ours.set_inheritable(True)
    with theirs:
        number = ours.detach()
        options: dict[str, Any] = {"allow_peer": ANY_USER, "mode": "r", "limits": LIMITS}
        async with closing(aio.LocalSocket.adopt_descriptor(number, **options)) as socket:
            assert type(socket) is aio.LocalSocket
            assert (socket.fileno(), socket.mode, socket.limits, socket.address) == (number, "r", LIMITS, "")
            assert not os.get_inheritable(number)
            theirs.send(b"hello")
            assert await socket.read() == b"hello"


async def test_a_descriptor_that_is_none_or_not_admitted_is_refused_and_left_alone() -> None:
    ours, theirs = plain.socketpair()
    with ours, theirs, plain.socket(plain.AF_UNIX) as listener:
        listener.bind(b"\0aio-adopt-%d" % os.getpid())
        listener.listen()
        with pytest.raises(UnsuitableDescriptor, match="it is listening"):
            aio.LocalSocket.adopt_descriptor(listener.fileno())
        with pytest.raises(UnsuitableDescriptor):
            aio.LocalSocket.adopt_descriptor(-1)
        with pytest.raises(PeerRefused):
            aio.LocalSocket.adopt_descriptor(ours.fileno(), allow_peer=[])
        ours.send(b"still open")
        assert theirs.recv(100) == b"still open"


async def test_a_connection_that_moves_keeps_its_place_at_its_server() -> None:
    async with aio.listen("server") as server:
        with localsocket.connect("server") as client:
            accepted = await server.accept()
            await attach(accepted)
            blocking = localsocket.adopt(accepted)
            await accepted.close()
            assert server.open_connections == 1
            async with closing(aio.adopt(blocking)) as socket:
                assert server.open_connections == 1
                await turns_until(lambda: client.is_connected)
            assert socket.fileno() == -1
            assert server.open_connections == 0
