"""Every call is cancelled at every place where it can be: no byte is lost, none comes twice, nothing is left behind."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import anyio.lowlevel
import pytest

import localsocket.anyio
from anyio_face.cutting import Cut, at_every_await
from anyio_face.ends import SMALL, SMALL_LIMITS, Call, beside, connected, pattern, turns, until
from localsocket import errors
from localsocket.anyio import LocalServer, LocalSocket
from localsocket.interfaces import KIB, SocketState

# --- reading ----------------------------------------------------------------------------------------------------------

PIECES = [b"one\ntw", b"o\n", b"three\n", b"four"]
SENT = b"".join(PIECES)


async def send_pieces(socket: LocalSocket, *, pause: int) -> None:
    """Send the pieces, giving way so many times before each, then finish sending."""
    for piece in PIECES:
        await turns(pause)
        socket.write_nowait(piece)
    await turns(pause)
    await socket.shutdown_write()


async def line_or_rest(socket: LocalSocket) -> bytes:
    try:
        return await socket.read_line(keep_ending=True)
    except errors.EndOfStream:
        return b""


async def four_bytes_or_rest(socket: LocalSocket) -> bytes:
    try:
        return await socket.read_exactly(4)
    except errors.EndOfStream:
        return await socket.read()


async def received(socket: LocalSocket) -> bytes:
    try:
        return await socket.receive(3)
    except anyio.EndOfStream:
        return b""


async def waited_for(socket: LocalSocket) -> bytes:
    await socket.wait_readable()
    return socket.read_available()


async def next_line(socket: LocalSocket) -> bytes:
    async with contextlib.aclosing(socket.lines()) as lines:  # type: ignore[type-var]
        async for line in lines:
            return line + b"\n"
    return b""


READS: dict[str, Callable[[LocalSocket], Awaitable[bytes]]] = {
    "read": lambda socket: socket.read(),
    "read some": lambda socket: socket.read(2),
    "read_exactly": four_bytes_or_rest,
    "read_line": line_or_rest,
    "lines": next_line,
    "read_to_end": lambda socket: socket.read_to_end(),
    "wait_readable": waited_for,
    "receive": received,
}


@pytest.mark.parametrize("pause", [0, 4], ids=["sent at once", "sent in pieces"])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_a_cancelled_read_has_consumed_nothing(
    read: Callable[[LocalSocket], Awaitable[bytes]], pause: int
) -> None:
    async def scene(cut: Cut) -> None:
        async with connected() as (one, other), beside(lambda: send_pieces(other, pause=pause), head_start=0):
            got = await cut(read(one)) or b""
            while piece := await read(one):
                got += piece
            assert got.removesuffix(b"\n") == SENT  # iterating does not say whether the last line had an ending

    assert await at_every_await(scene) >= (2 if pause else 1)


async def test_when_the_task_that_moves_the_bytes_is_cancelled_another_goes_on() -> None:
    async def scene(cut: Cut) -> None:
        async with connected() as (one, other):
            lines = [Call(one.read_line) for _ in range(2)]
            first = Call(lambda: cut(one.read_line()))
            async with beside(first, *lines):
                expected = 2 if first.is_done else 3
                for number in range(expected):
                    await turns(3)
                    other.write_nowait(b"%d\n" % number)
            got = [call.result() for call in (first, *lines)]
            assert sorted(line for line in got if line is not None) == [b"%d" % number for number in range(expected)]

    assert await at_every_await(scene) >= 2


# --- writing ----------------------------------------------------------------------------------------------------------

DATA = pattern(32 * KIB)

WRITES: dict[str, Callable[[LocalSocket, bytearray], Awaitable[None]]] = {
    "write": lambda socket, data: socket.write(data),
    "send": lambda socket, data: socket.send(data),  # type: ignore[arg-type]
}


async def drain(socket: LocalSocket, received: bytearray) -> None:
    """Read everything, in pieces, giving way between them."""
    while piece := await socket.read(SMALL):
        received += piece
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_a_cancelled_write_has_sent_nothing_or_sends_all_of_it_later(
    write: Callable[[LocalSocket, bytearray], Awaitable[None]],
) -> None:
    async def scene(cut: Cut) -> None:
        data, arrived = bytearray(DATA), bytearray()
        async with connected(limits=SMALL_LIMITS, kernel_buffer=SMALL) as (one, other):
            async with beside(lambda: drain(other, arrived)):
                await cut(write(one, data))
                is_kept = not cut.has_cut or one.bytes_to_write > 0
                data[:] = bytes(len(data))  # the caller may do with it what it likes from now on
                await one.shutdown_write()
            assert arrived == (DATA if is_kept else b"")

    assert await at_every_await(scene) >= 3


async def test_a_write_that_waited_for_another_one_and_was_cancelled_has_sent_nothing() -> None:
    async def scene(cut: Cut) -> None:
        arrived = bytearray()
        async with connected(limits=SMALL_LIMITS, kernel_buffer=SMALL) as (one, other):
            before = Call(lambda: one.write(b"a" * 16 * KIB))
            async with beside(before, lambda: drain(other, arrived)) as group:
                group.start_soon(turns, 3)
                await cut(one.write(b"b" * 16 * KIB))
                await one.write(b"c")
                await one.shutdown_write()
            before.result()
            assert bytes(arrived) in (b"a" * 16 * KIB + b"b" * 16 * KIB + b"c", b"a" * 16 * KIB + b"c")

    assert await at_every_await(scene) >= 3


@pytest.mark.parametrize("finish", [LocalSocket.flush, LocalSocket.shutdown_write, LocalSocket.send_eof])
async def test_flushing_that_was_cancelled_can_be_repeated(finish: Callable[[LocalSocket], Awaitable[None]]) -> None:
    async def scene(cut: Cut) -> None:
        arrived = bytearray()
        async with connected(kernel_buffer=SMALL) as (one, other):
            one.write_nowait(DATA)
            async with beside(lambda: drain(other, arrived)):
                await cut(finish(one))
                await finish(one)
                assert one.bytes_to_write == 0
                await one.shutdown_write()
            assert arrived == DATA

    assert await at_every_await(scene) >= 3


# --- ending -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("close", [LocalSocket.close, LocalSocket.aclose])
async def test_a_cancelled_close_has_closed(close: Callable[[LocalSocket], Awaitable[None]]) -> None:
    async def scene(cut: Cut) -> None:
        arrived = bytearray()
        async with connected(kernel_buffer=SMALL) as (one, other):
            one.write_nowait(DATA)
            waiting = Call(one.wait_disconnected)
            async with beside(waiting, lambda: drain(other, arrived)):
                await cut(close(one))
                assert one.state is SocketState.CLOSED
                await one.close()
                assert one.fileno() == -1
            assert isinstance(waiting.error, errors.ClosedByUs)
            assert arrived == (DATA[: len(arrived)] if cut.has_cut else DATA)

    assert await at_every_await(scene) >= 3


async def test_a_cancelled_wait_for_the_peers_end_can_be_repeated() -> None:
    async def scene(cut: Cut) -> None:
        async with connected() as (one, other):

            async def leave() -> None:
                await turns(4)
                await other.write(b"last words")
                await turns(4)
                await other.close()

            async with beside(leave, head_start=0):
                await cut(one.wait_disconnected())
                assert await one.wait_disconnected()
            assert await one.read() == b"last words"

    assert await at_every_await(scene) >= 2


# --- connections that come to be --------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def listening(**options: int) -> AsyncIterator[LocalServer]:
    async with localsocket.anyio.listen("server", **options) as server:  # type: ignore[arg-type]
        yield server


async def test_a_cancelled_accept_has_taken_no_connection() -> None:
    async def scene(cut: Cut) -> None:
        async with listening() as server:

            async def connect() -> None:
                await turns(4)
                async with localsocket.anyio.connect("server") as client:
                    await client.write(b"hello")

            async with beside(connect, head_start=0):
                accepted = await cut(server.accept()) or await server.accept()
                async with accepted:
                    assert await accepted.read_exactly(5) == b"hello"
                    assert (server.open_connections, server.pending_connections) == (1, 0)

    assert await at_every_await(scene) >= 2


async def test_a_cancelled_wait_for_a_connection_keeps_it() -> None:
    async def scene(cut: Cut) -> None:
        async with listening() as server:

            async def connect() -> None:
                await turns(4)
                async with localsocket.anyio.connect("server") as client:
                    await client.wait_disconnected()

            async with beside(connect, head_start=0):
                await cut(server.wait_pending())
                assert await server.wait_pending()
                async with await server.accept():
                    assert server.open_connections == 1

    assert await at_every_await(scene) >= 2


async def test_a_cancelled_connect_leaves_nothing() -> None:
    async def connect() -> None:
        async with localsocket.anyio.connect("server"):
            pass

    async def scene(cut: Cut) -> None:
        async with listening(backlog=0) as server:
            first = localsocket.connect("server")  # takes the only place

            async def make_room() -> None:
                await until(lambda: cut.has_cut or cut.suspensions >= 3)  # it has looked, and looked again
                async with await server.accept():
                    first.close()

            async with beside(make_room):
                await cut(connect())

    assert await at_every_await(scene) >= 3


async def test_a_cancelled_listen_leaves_nothing() -> None:
    async def listen() -> None:
        async with listening():
            pass

    async def scene(cut: Cut) -> None:
        await cut(listen())
        await listen()

    assert await at_every_await(scene) >= 1


async def test_a_cancelled_closing_of_a_server_has_closed_it() -> None:
    async def scene(cut: Cut) -> None:
        async with listening() as server:
            waiting = Call(server.accept)
            async with beside(waiting):
                await cut(server.aclose())
                assert not server.is_listening
                async with listening():
                    pass
            assert isinstance(waiting.error, errors.ClosedByUs)
            assert server.fileno() == -1

    assert await at_every_await(scene) >= 1


async def test_serving_that_is_cancelled_ends_its_handlers() -> None:
    async def scene(cut: Cut) -> None:
        async def handle(connection: LocalSocket) -> None:
            async with connection:
                await connection.read()

        async def connect() -> None:
            async with localsocket.anyio.connect("server"):
                await turns(4)
            await turns(4)
            server.close()

        async with listening() as server, beside(connect, head_start=0):
            with contextlib.suppress(anyio.ClosedResourceError):
                await cut(server.serve(handle))
            assert server.open_connections == 0

    assert await at_every_await(scene) >= 2
