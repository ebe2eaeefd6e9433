"""A LocalSocket is anyio's ByteStream: what anyio's own streams and rules ask of one."""

from __future__ import annotations

import os
import socket as standard
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import anyio.abc
import pytest
from anyio.abc import SocketAttribute
from anyio.streams.buffered import BufferedByteStream
from anyio.streams.text import TextStream

import localsocket.anyio
from anyio_face.cutting import count_suspensions
from anyio_face.ends import SMALL, SMALL_LIMITS, Call, beside, break_off, connected, pattern, until
from localsocket import errors
from localsocket.anyio import LocalSocket, LocalSocketAttribute
from localsocket.interfaces import KIB, MIB, SocketState

# --- receiving and sending --------------------------------------------------------------------------------------------


async def test_what_is_sent_is_received_up_to_the_most_asked_for() -> None:
    async with connected() as (one, other):
        assert isinstance(one, anyio.abc.ByteStream)
        await one.send(b"abcdef")
        assert await other.receive(2) == b"ab"
        assert await other.receive() == b"cdef"


async def test_no_piece_is_larger_than_anyio_promises() -> None:
    async with connected() as (one, other):
        async with beside(lambda: one.send(bytes(200 * KIB))):
            await until(lambda: other.bytes_available == 200 * KIB)
        assert len(await other.receive()) == 65536


@pytest.mark.parametrize("max_bytes", [0, -1])
async def test_less_than_one_byte_cannot_be_asked_for(max_bytes: int) -> None:
    async with connected() as (one, _):
        with pytest.raises(ValueError):
            await one.receive(max_bytes)


async def test_an_empty_send_sends_nothing() -> None:
    async with connected() as (one, other):
        await one.send(b"")
        await one.send(b"x")
        assert await other.receive() == b"x"


async def test_a_waiting_receive_is_woken_by_the_first_byte() -> None:
    async with connected() as (one, other):
        received = Call(other.receive)
        async with beside(received):
            assert not received.is_done
            await one.send(b"x")
        assert received.result() == b"x"


@pytest.mark.long
async def test_a_send_waits_for_who_does_not_read() -> None:
    sent = pattern(MIB)
    async with connected(limits=SMALL_LIMITS, kernel_buffer=SMALL) as (one, other):
        sending = Call(lambda: one.send(sent))
        async with beside(sending):
            assert not sending.is_done
            received = b""
            while len(received) < len(sent):
                received += await other.receive()
        sending.result()
        assert received == sent


async def test_iterating_gives_pieces_as_of_every_byte_stream_and_lines_gives_lines() -> None:
    async with connected() as (one, other):
        await one.send(b"one\r\ntwo\nthree")
        await one.send_eof()
        assert b"".join([piece async for piece in other]) == b"one\r\ntwo\nthree"
    async with connected() as (one, other):
        await one.send(b"one\ntwo\nthree")
        await one.send_eof()
        assert [line async for line in other.lines()] == [b"one", b"two", b"three"]


# --- ending -----------------------------------------------------------------------------------------------------------


async def test_after_the_end_every_receive_says_so() -> None:
    async with connected() as (one, other):
        await one.send(b"last")
        await one.aclose()
        assert await other.receive() == b"last"
        for _ in range(2):
            with pytest.raises(anyio.EndOfStream):
                await other.receive()


async def test_one_side_may_finish_twice_and_still_be_answered() -> None:
    async with connected() as (one, other):
        await one.send(b"question")
        await one.send_eof()
        await one.send_eof()
        assert await other.receive() == b"question"
        with pytest.raises(anyio.EndOfStream):
            await other.receive()
        await other.send(b"answer")
        assert await one.receive() == b"answer"
        with pytest.raises(anyio.ClosedResourceError) as caught:
            await one.send(b"more")
        assert isinstance(caught.value.__cause__, errors.ClosedByUs)


@pytest.mark.parametrize("close", [LocalSocket.aclose, LocalSocket.close], ids=["aclose", "close"])
async def test_after_closing_every_use_says_that_this_side_closed(
    close: Callable[[LocalSocket], Awaitable[None]],
) -> None:
    async with connected() as (one, other):
        await other.send(b"unread")
        await close(one)
        await close(one)
        assert one.state is SocketState.CLOSED
        assert one.fileno() == -1
        uses: list[Callable[[], Awaitable[object]]] = [one.receive, lambda: one.send(b"x"), one.send_eof]
        for use in uses:
            with pytest.raises(anyio.ClosedResourceError, match="was closed by this program") as caught:
                await use()
            assert isinstance(caught.value.__cause__, errors.ClosedByUs)


async def test_a_peer_that_is_gone_breaks_the_stream_for_the_sender() -> None:
    async with connected() as (one, other):
        other.abort()
        with pytest.raises(anyio.BrokenResourceError) as caught:
            await one.send(b"x")
        assert isinstance(caught.value.__cause__, errors.ClosedByPeer)
        with pytest.raises(anyio.EndOfStream):
            await one.receive()


async def test_a_peer_that_left_unread_what_it_was_sent_breaks_the_stream_for_the_receiver() -> None:
    async with connected() as (one, other):
        await one.send(b"never read")
        other.abort()
        with pytest.raises(anyio.BrokenResourceError) as caught:
            await one.receive()
        assert isinstance(caught.value.__cause__, errors.ClosedByPeer)


async def test_closing_sends_what_a_cancelled_send_has_left() -> None:
    sent = pattern(256 * KIB)
    async with connected(kernel_buffer=SMALL) as (one, other):
        await break_off(lambda: one.send(sent))
        assert 0 < one.bytes_to_write < len(sent)
        received = Call(other.read_to_end)
        async with beside(received):
            await one.aclose()
        assert received.result() == sent


async def test_closing_says_that_bytes_were_lost() -> None:
    async with connected(kernel_buffer=SMALL) as (one, other):
        await break_off(lambda: one.send(bytes(256 * KIB)))
        other.abort()
        with pytest.raises(anyio.BrokenResourceError, match="were not sent") as caught:
            await one.aclose()
        assert isinstance(caught.value.__cause__, errors.ClosedByPeer)
        assert one.fileno() == -1


async def test_closing_gives_a_peer_that_does_not_read_a_few_seconds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LocalSocket.close.__kwdefaults__, "timeout", 0.01)
    async with connected(kernel_buffer=SMALL) as (one, _):
        await break_off(lambda: one.send(bytes(256 * KIB)))
        with pytest.raises(anyio.BrokenResourceError, match="stay queued") as caught:
            await one.aclose()
        assert isinstance(caught.value.__cause__, errors.DeadlinePassed)
        assert one.fileno() == -1


async def test_a_cancelled_aclose_closes_at_once() -> None:
    async with connected(kernel_buffer=SMALL) as (one, other):
        await break_off(lambda: one.send(bytes(256 * KIB)))
        with anyio.move_on_after(0) as scope:
            await one.aclose()
        assert scope.cancelled_caught
        assert one.fileno() == -1
        assert len(await other.read_to_end()) < 256 * KIB


async def test_leaving_the_block_closes_and_a_cancelled_block_does_not_wait_for_the_peer() -> None:
    async with connected(kernel_buffer=SMALL) as (one, other):

        async def send() -> None:
            async with one:
                await one.send(bytes(256 * KIB))

        await break_off(send)
        assert one.fileno() == -1
        async with other:
            await other.receive()
        assert other.fileno() == -1


# --- anyio's own streams over it --------------------------------------------------------------------------------------


async def test_a_buffered_stream_reads_from_it() -> None:
    async with connected() as (one, other):
        buffered = BufferedByteStream(other)
        await one.send(b"header\r\nbody and more")
        assert await buffered.receive_until(b"\r\n", 100) == b"header"
        assert await buffered.receive_exactly(4) == b"body"
        await buffered.send(b"thanks")
        assert await one.receive() == b"thanks"
        await one.send_eof()
        with pytest.raises(anyio.IncompleteRead):
            await buffered.receive_exactly(1000)
        await buffered.aclose()
        assert other.state is SocketState.CLOSED


async def test_a_text_stream_reads_and_writes_through_it() -> None:
    async with connected() as (one, other), TextStream(one) as text, TextStream(other) as answer:
        await text.send("grüße\n")
        assert await answer.receive() == "grüße\n"
        await answer.send("¡hola!")
        await answer.send_eof()
        assert [piece async for piece in text] == ["¡hola!"]


async def test_what_it_is_can_be_asked_through_the_streams_that_wrap_it() -> None:
    async with localsocket.anyio.listen("server") as server, localsocket.anyio.connect("server") as client:
        accepted = await server.accept()
        async with accepted, TextStream(client) as text:
            assert text.extra(LocalSocketAttribute.peer) == client.peer
            assert text.extra(LocalSocketAttribute.peer).pid == os.getpid()
            assert text.extra(LocalSocketAttribute.address) == "server"
            assert text.extra(SocketAttribute.family) == standard.AF_UNIX
            assert text.extra(SocketAttribute.raw_socket).fileno() == client.fileno()
            assert (text.extra(SocketAttribute.local_address), text.extra(SocketAttribute.remote_address)) == (
                "",
                "server",
            )
            assert accepted.extra(SocketAttribute.local_address) == "server"
            assert accepted.extra(SocketAttribute.remote_address) == ""
            assert SocketAttribute.remote_port not in text.extra_attributes
        with pytest.raises(anyio.ClosedResourceError):
            client.extra(SocketAttribute.remote_address)


async def test_a_socket_without_an_address_of_ours_tells_what_the_kernel_knows(runtime_directory: Path) -> None:
    path = str(runtime_directory / "theirs")
    with standard.socket(standard.AF_UNIX) as listening, standard.socket(standard.AF_UNIX) as connecting:
        listening.bind(path)
        listening.listen()
        connecting.connect(path)
        async with LocalSocket.adopt_descriptor(connecting.detach()) as socket:
            assert socket.extra(SocketAttribute.remote_address) == path
            assert socket.extra(SocketAttribute.local_address) == ""
    os.unlink(path)


# --- checkpoints ------------------------------------------------------------------------------------------------------


CALLS: dict[str, Callable[[LocalSocket], Awaitable[object]]] = {
    "receive": lambda socket: socket.receive(),
    "send": lambda socket: socket.send(b"x"),
    "send_eof": lambda socket: socket.send_eof(),
    "aclose": lambda socket: socket.aclose(),
    "anext": lambda socket: socket.__anext__(),
    "read": lambda socket: socket.read(),
    "read at once": lambda socket: socket.read(timeout=0),
    "read_exactly": lambda socket: socket.read_exactly(4),
    "read_line": lambda socket: socket.read_line(),
    "read_to_end": lambda socket: socket.read_to_end(),
    "wait_readable": lambda socket: socket.wait_readable(),
    "write": lambda socket: socket.write(b"x"),
    "flush": lambda socket: socket.flush(),
    "shutdown_write": lambda socket: socket.shutdown_write(),
    "wait_disconnected": lambda socket: socket.wait_disconnected(timeout=0),
    "close": lambda socket: socket.close(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_call_that_need_not_wait_gives_way_all_the_same(
    call: Callable[[LocalSocket], Awaitable[object]],
) -> None:
    async with connected() as (one, other):
        await other.write(b"line\nmore\n")
        await other.shutdown_write()
        assert one.bytes_available
        assert await count_suspensions(call(one)) > 0


async def test_closing_again_gives_way_too() -> None:
    async with connected() as (one, _):
        await one.close()
        assert await count_suspensions(one.close()) > 0
        assert await count_suspensions(one.aclose()) > 0
