"""How a socket ends: by close, by abort, by the peer, given away, forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import itertools
import os
import types
from collections.abc import Awaitable, Callable

import pytest

from aio.conftest import DEBUG_LOOPS
from aio.ends import SMALL, closing, connected, no_descriptor_left, pattern, turns, turns_until, waiting
from localsocket import Limits, SocketState, aio
from localsocket.errors import Busy, ClosedByPeer, ClosedByUs, DeadlinePassed
from localsocket.sockets import hang_up
from localsocket.testing import PATIENCE, clog

LOOP_KINDS = DEBUG_LOOPS

either_way = pytest.mark.parametrize("attached", [False, True], ids=["not attached", "attached"])
MUCH = pattern(16 * SMALL)

CALLS: dict[str, Callable[[aio.LocalSocket], Awaitable[object]]] = {
    "read": lambda socket: socket.read(),
    "read_exactly": lambda socket: socket.read_exactly(5),
    "read_line": lambda socket: socket.read_line(),
    "read_to_end": lambda socket: socket.read_to_end(),
    "wait_readable": lambda socket: socket.wait_readable(),
    "iterate": lambda socket: anext(aiter(socket)),
    "write": lambda socket: socket.write(MUCH),
    "flush": lambda socket: socket.flush(),
    "shutdown_write": lambda socket: socket.shutdown_write(),
    "wait_disconnected": lambda socket: socket.wait_disconnected(),
}


@either_way
async def test_after_its_end_every_use_says_who_closed_it(attached: bool) -> None:
    for end in (aio.LocalSocket.close, aio.LocalSocket.abort):
        async with connected(attached=attached) as (socket, peer):
            peer.send(b"unread")
            if (closing_it := end(socket)) is not None:
                await closing_it
            assert (socket.state, socket.is_connected, socket.is_at_end) == (SocketState.CLOSED, False, True)
            assert (socket.bytes_available, socket.bytes_to_write, socket.has_line) == (0, 0, False)
            for call in CALLS.values():
                with pytest.raises(ClosedByUs):
                    await call(socket)
            for now in (socket.read_available, socket.flush_nowait, socket.detach, socket._hand_over):
                with pytest.raises(ClosedByUs):
                    now()
            await socket.close()
            await socket.close(timeout=0)
            socket.abort()
            assert socket.fileno() == -1


@either_way
@pytest.mark.parametrize("end", ["close", "abort"])
async def test_ending_it_wakes_every_task_that_waits(end: str, attached: bool) -> None:
    async with connected(attached=attached, kernel_buffer=SMALL) as (socket, peer):
        calls = [asyncio.ensure_future(call(socket)) for call in CALLS.values()]
        await turns(10)
        assert not any(call.done() for call in calls)
        if end == "close":
            reading = asyncio.ensure_future(peer.receive_to_end())
            await socket.close(timeout=PATIENCE)
            assert MUCH.startswith(await reading)
        else:
            socket.abort()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(error) for error in ended} == {ClosedByUs}


@either_way
async def test_closing_sends_what_is_unsent_and_throws_away_what_still_arrives(attached: bool) -> None:
    async with connected(attached=attached, kernel_buffer=SMALL) as (socket, peer):
        socket.write_nowait(MUCH)
        async with waiting(socket.close(timeout=PATIENCE)) as ending:
            assert socket.state is SocketState.CLOSING
            received = b""
            while len(received) < len(MUCH):
                peer.send(b"what nobody will read")
                received += await asyncio.get_running_loop().sock_recv(peer.sock, SMALL)
            await ending
        assert received == MUCH


@either_way
async def test_a_late_close_closes_and_says_how_much_is_lost(attached: bool) -> None:
    async with connected(attached=attached) as (socket, peer):
        clogged = clog(socket)
        socket.write_nowait(MUCH)
        with pytest.raises(DeadlinePassed, match="closing") as late:
            await socket.close(timeout=0)
        assert late.value.queued == len(MUCH)
        assert socket.fileno() == -1
        assert await peer.receive_to_end() == bytes(clogged)


@either_way
async def test_a_peer_that_leaves_while_we_close_takes_the_rest_with_it(attached: bool) -> None:
    async with connected(attached=attached) as (socket, peer):
        clog(socket)
        socket.write_nowait(MUCH)
        ending = asyncio.ensure_future(socket.close(timeout=PATIENCE))
        await turns(5)
        peer.close()
        with pytest.raises(ClosedByPeer) as lost:
            await ending
        assert lost.value.unsent == len(MUCH)


@pytest.mark.long
async def test_closing_a_full_socket_lets_the_peer_go_on() -> None:
    """Reading had paused, and goes on for nobody, so that a peer that writes first reads the rest."""
    async with connected(limits=Limits(read_buffer=SMALL), attached=True, kernel_buffer=SMALL) as (socket, peer):
        peer.sock.send(bytes(100_000))
        await turns_until(lambda: socket._is_held)
        socket.write_nowait(MUCH)
        async with waiting(socket.close(timeout=PATIENCE)) as ending:
            sent = 0
            while sent < 1_000_000:
                await asyncio.get_running_loop().sock_sendall(peer.sock, bytes(100_000))
                sent += 100_000
            assert await peer.receive_exactly(len(MUCH)) == MUCH
            await ending


async def test_closing_from_two_tasks_waits_in_both_until_it_is_closed() -> None:
    async with connected(attached=True, kernel_buffer=SMALL) as (socket, peer):
        socket.write_nowait(MUCH)
        first = asyncio.ensure_future(socket.close(timeout=PATIENCE))
        await turns(2)
        second = asyncio.ensure_future(socket.close(timeout=PATIENCE))
        await turns(5)
        assert not first.done()
        assert await peer.receive_to_end() == MUCH
        await asyncio.gather(first, second)
        assert socket.fileno() == -1


async def test_aborting_ends_a_close_that_waits() -> None:
    async with connected(kernel_buffer=SMALL) as (socket, peer):
        socket.write_nowait(MUCH)
        ending = asyncio.ensure_future(socket.close(timeout=None))
        await turns(5)
        socket.abort()
        await ending
        assert socket.fileno() == -1
        assert len(peer.receive()) < len(MUCH)


async def test_a_socket_that_is_ended_while_the_loop_begins_to_receive_is_closed() -> None:
    for turns_before, end in itertools.product(range(6), (aio.LocalSocket.abort, aio.LocalSocket.close)):
        async with connected() as (socket, peer):
            reading = asyncio.ensure_future(socket.read())
            await turns(turns_before + 1)
            if (closing_it := end(socket)) is not None:
                await closing_it
            with pytest.raises(ClosedByUs):
                await reading
            await socket.close()
            assert socket.fileno() == -1
            assert await peer.receive_to_end() == b""


# --- the peer ---------------------------------------------------------------------------------------------------------


@either_way
async def test_a_peer_that_leaves_is_noticed_and_what_it_sent_stays_readable(attached: bool) -> None:
    async with connected(attached=attached) as (socket, peer):
        assert not await socket.wait_disconnected(timeout=0)
        assert not await socket.wait_disconnected(timeout=0.01)
        async with waiting(socket.wait_disconnected(), socket.wait_disconnected()) as disconnected:
            peer.send(b"last words")
            await turns(10)
            assert not disconnected.done()
            peer.close()
            assert await disconnected
        assert await socket.wait_disconnected(timeout=0)
        assert not socket.is_connected
        assert await socket.read_to_end() == b"last words"


@either_way
async def test_a_peer_that_only_finished_sending_has_not_closed(attached: bool) -> None:
    async with connected(attached=attached) as (socket, peer), waiting(socket.wait_disconnected()) as disconnected:
        peer.end()
        assert await socket.read() == b""
        await turns(10)
        assert not disconnected.done()
        assert socket.is_connected
        await socket.write(b"answer")
        assert peer.receive() == b"answer"
        peer.close()
        assert await disconnected


@pytest.fixture(params=["no descriptor", "no epoll"])
def deaf(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> contextlib.AbstractContextManager[None]:
    """Where nothing tells that a peer has closed while nothing is read."""
    if request.param == "no descriptor":
        return no_descriptor_left()
    monkeypatch.setattr(hang_up, "sys", types.SimpleNamespace(platform="elsewhere"))
    return contextlib.nullcontext()


async def test_a_peer_that_leaves_is_noticed_also_where_nothing_tells_of_it(
    deaf: contextlib.AbstractContextManager[None],
) -> None:
    async with connected(limits=Limits(read_buffer=4)) as (socket, peer):
        peer.send(b"full, so that nothing is received")
        await turns_until(lambda: socket.bytes_available == 4)
        with deaf:
            assert not await socket.wait_disconnected(timeout=0.06)
            async with waiting(socket.wait_disconnected()) as disconnected:
                await turns(5)
                assert not disconnected.done()
                peer.close()
                assert await disconnected
        async with waiting(socket.wait_disconnected(timeout=PATIENCE)) as disconnected:
            assert await disconnected


async def test_both_sides_finish_sending_and_that_is_the_end() -> None:
    async with connected(attached=True) as (socket, peer):
        await socket.shutdown_write()
        peer.end()
        assert await socket.wait_disconnected(timeout=PATIENCE)


# --- blocks -----------------------------------------------------------------------------------------------------------


async def test_leaving_the_block_sends_what_is_unsent_and_closes() -> None:
    async with connected(kernel_buffer=SMALL) as (socket, peer):
        async with socket as entered:
            assert entered is socket
            socket.write_nowait(MUCH)
            assert socket.bytes_to_write
            reading = asyncio.ensure_future(peer.receive_to_end())
        assert await reading == MUCH


@pytest.mark.parametrize("error", [KeyError, None])
async def test_leaving_the_block_says_when_bytes_are_lost_but_replaces_no_error(error: type[Exception] | None) -> None:
    async def use() -> None:
        async with socket:
            clog(socket)
            socket.write_nowait(b"never sent")
            peer.close()
            if error is not None:
                raise error

    async with connected() as (socket, peer):
        with pytest.raises(error or ClosedByPeer):
            await use()
        assert socket.state is SocketState.CLOSED


# --- given away -------------------------------------------------------------------------------------------------------


@either_way
async def test_a_detached_descriptor_is_the_callers_and_works(attached: bool) -> None:
    async with (
        connected(attached=attached) as (socket, peer),
        closing(aio.LocalSocket.adopt_descriptor(socket.detach())) as other,
    ):
        assert socket.state is SocketState.CLOSED
        with pytest.raises(ClosedByUs):
            await socket.read()
        await socket.close()
        assert socket.fileno() == -1
        peer.send(b"question")
        assert await other.read() == b"question"
        await other.write(b"answer")
        assert peer.receive() == b"answer"


@either_way
async def test_nothing_that_waits_is_lost_by_detaching(attached: bool) -> None:
    async with connected(attached=attached, kernel_buffer=SMALL) as (socket, peer):
        peer.send(b"ahead")
        assert await socket.wait_readable()
        with pytest.raises(Busy, match="would be lost"):
            socket.detach()
        assert await socket.read() == b"ahead"
        socket.write_nowait(MUCH)
        with pytest.raises(Busy, match="would be lost"):
            socket.detach()
        assert await peer.receive_exactly(len(MUCH)) == MUCH
        async with waiting(socket.read()):
            with pytest.raises(Busy, match="another task waits"):
                socket.detach()
        with socket.transaction(), pytest.raises(Busy, match="transaction"):
            socket.detach()
        aio.LocalSocket.adopt_descriptor(socket.detach()).abort()


async def test_a_call_that_was_cancelled_or_late_waits_no_more() -> None:
    async with connected(attached=True) as (socket, _):
        async with waiting(socket.read(), socket.read_line()):
            pass
        with pytest.raises(DeadlinePassed):
            await socket.read(timeout=0.001)
        aio.LocalSocket.adopt_descriptor(socket.detach()).abort()


# --- forgotten --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("something_waits", [False, True], ids=["", "with bytes to send"])
def test_a_forgotten_socket_warns_and_closes(something_waits: bool) -> None:
    first, second = aio.pair()
    if something_waits:
        first.write_nowait(bytes(1 << 20))
    number = first.fileno()
    sockets = [first]
    del first
    with pytest.warns(ResourceWarning, match="unclosed <LocalSocket '' connected"):
        sockets.clear()
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        os.fstat(number)
    assert not second.is_connected
    second.abort()


async def test_a_socket_that_was_never_made_is_not_unclosed() -> None:
    with pytest.raises(TypeError):
        aio.LocalSocket()  # type: ignore[call-arg]
    gc.collect()


def test_repr_tells_what_one_wants_to_know() -> None:
    first, second = aio.pair()
    assert repr(first).startswith("<LocalSocket '' connected, peer pid=")
    first.abort()
    assert "closed" in repr(first)
    second.abort()
