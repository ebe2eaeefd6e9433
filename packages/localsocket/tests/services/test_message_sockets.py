"""Message sockets beyond their contract: how they begin, what they stand on, and whom they do not talk to."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import localsocket
from localsocket import Client, LocalSocket, MessageSocket, ServerThread, Service, aio, connect_messages, listen, pair
from localsocket.errors import (
    ClosedByPeer,
    ClosedByUs,
    DeadlinePassed,
    EndOfStream,
    PeerBrokeProtocol,
    ServerNotFound,
    TooLongToSend,
)
from localsocket.interfaces import MIB
from localsocket.testing import PATIENCE, Background
from services.conftest import ADDRESS


@dataclass
class Point:
    x: int
    y: int = 0


def echo(socket: LocalSocket) -> None:
    with contextlib.suppress(PeerBrokeProtocol, ClosedByPeer), MessageSocket(socket, serializer="json") as messages:
        for message in messages:
            messages.send({"got": message})


async def echo_later(socket: aio.LocalSocket) -> None:
    with contextlib.suppress(PeerBrokeProtocol, ClosedByPeer):
        async with aio.MessageSocket(socket, serializer="json") as messages:
            async for message in messages:
                await messages.send({"got": message})


@pytest.fixture
def ends() -> Iterator[tuple[MessageSocket, MessageSocket]]:
    first, second = pair()
    yield MessageSocket(first), MessageSocket(second)
    first.abort()
    second.abort()


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[None]:
    async with aio.serve(ADDRESS, echo_later):
        yield


# --- beginning --------------------------------------------------------------------------------------------------------


def test_messages_go_to_a_server_and_back() -> None:
    with ServerThread(ADDRESS, echo):
        for _ in range(3):
            with connect_messages(ADDRESS, serializer="json") as messages:
                messages.send([1, "two"], timeout=PATIENCE)
                assert messages.receive(timeout=PATIENCE) == {"got": [1, "two"]}
                assert (messages.address, messages.peer.pid > 0) == (ADDRESS, True)
                assert repr(messages).startswith("<MessageSocket of json over <LocalSocket 'services.test' connected")


async def test_messages_go_to_a_server_of_tasks_and_back() -> None:
    async with served():
        async with aio.connect_messages(ADDRESS, serializer="json") as messages:
            await messages.send([1, "two"], timeout=PATIENCE)
            assert await messages.receive(timeout=PATIENCE) == {"got": [1, "two"]}
            await messages.shutdown_write()
            assert [message async for message in messages] == []
        messages = await aio.connect_messages(ADDRESS, serializer="json")
        await messages.close()
        with pytest.raises(ClosedByUs):
            await messages.receive()


async def test_both_faces_talk_to_each_other() -> None:
    with ServerThread(ADDRESS, echo):
        async with aio.connect_messages(ADDRESS, serializer="json") as messages:
            await messages.send("x")
            assert await messages.receive(timeout=PATIENCE) == {"got": "x"}


def test_connecting_takes_no_longer_than_told() -> None:
    with pytest.raises(ServerNotFound):
        connect_messages(ADDRESS)
    with listen(ADDRESS), pytest.raises(DeadlinePassed, match="waiting for the peer's greeting"):
        connect_messages(ADDRESS, timeout=0.05)


async def test_connecting_from_a_task_takes_no_longer_than_told() -> None:
    with pytest.raises(ServerNotFound):
        await aio.connect_messages(ADDRESS)
    async with aio.listen(ADDRESS):
        with pytest.raises(DeadlinePassed, match="waiting for the peer's greeting"):
            await aio.connect_messages(ADDRESS, timeout=0.05)


def test_who_speaks_something_else_is_found_out_at_once() -> None:
    with ServerThread(ADDRESS, echo):
        for serializer in ("raw", "text", "msgpack"):
            with pytest.raises(PeerBrokeProtocol, match=f"messages are 'json', and this side's '{serializer}'"):
                connect_messages(ADDRESS, serializer=serializer)  # type: ignore[arg-type]
        with pytest.raises(PeerBrokeProtocol, match="the peer is here for 'messages', this side for 'client'"):
            Client(ADDRESS).open()
    with (
        ServerThread(ADDRESS, Service("demo")),
        pytest.raises(PeerBrokeProtocol, match="the peer is here for 'service', this side for 'messages'"),
    ):
        connect_messages(ADDRESS)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"serializer": "pickle"}, "serializer must be one of raw, text, json, msgpack, got 'pickle'"),
        ({"max_message": 0}, "max_message must be at least 1"),
        ({"max_message": 1.5}, "max_message must be a whole number"),
    ],
)
def test_options_that_mean_nothing_are_refused_and_leave_the_socket_alone(options: dict[str, Any], reason: str) -> None:
    first, second = pair()
    with first, second:
        with pytest.raises((TypeError, ValueError), match=reason):
            MessageSocket(first, **options)
        first.write(b"still ours")
        assert second.read(timeout=PATIENCE) == b"still ours"


# --- messages -------------------------------------------------------------------------------------------------------


def test_received_messages_are_made_of_the_kind_that_was_asked_for() -> None:
    first, second = pair()
    with MessageSocket(first) as sender, MessageSocket(second, kind=list[Point]) as receiver:
        sender.send([Point(1, 2), {"x": 3}])
        assert receiver.receive(timeout=PATIENCE) == [Point(1, 2), Point(3, 0)]
        sender.send([{"y": 3}])
        with pytest.raises(PeerBrokeProtocol, match=r"the peer's message cannot be read as msgpack: .*x"):
            receiver.receive(timeout=PATIENCE)


def test_raw_messages_may_be_views_and_come_as_bytes() -> None:
    first, second = pair()
    with MessageSocket(first, serializer="raw") as sender, MessageSocket(second, serializer="raw") as receiver:
        for message in (b"abc", bytearray(b"abc"), memoryview(b"abc"), memoryview(bytes(10_000))):
            sender.send(message)
            received = receiver.receive(timeout=PATIENCE)
            assert type(received) is bytes
            assert received == bytes(message)


def test_the_default_maximum_is_a_mebibyte(ends: tuple[MessageSocket, MessageSocket]) -> None:
    one, other = ends
    with Background(lambda: one.send(bytes(MIB - 5))):  # beside the five bytes that tell the length
        assert len(other.receive(timeout=PATIENCE)) == MIB - 5
    with pytest.raises(TooLongToSend):
        one.send(bytes(MIB - 4))


def test_a_maximum_may_be_more_than_the_socket_buffers() -> None:
    size = 24 * MIB
    first, second = pair()
    one = MessageSocket(first, serializer="raw", max_message=size)
    other = MessageSocket(second, serializer="raw", max_message=size)
    with one, other, Background(lambda: one.send(bytes(size), timeout=PATIENCE)):
        assert len(other.receive(timeout=PATIENCE)) == size


def test_nothing_of_a_refused_message_is_sent(ends: tuple[MessageSocket, MessageSocket]) -> None:
    one, other = ends
    for unsuitable in (object(), bytes(2 * MIB), {"a": {1: object()}}):
        with pytest.raises((TypeError, ValueError)):
            one.send(unsuitable)
    one.send("fine")
    assert other.receive(timeout=PATIENCE) == "fine"
    with pytest.raises(DeadlinePassed):
        other.receive(timeout=0)


# --- ending -----------------------------------------------------------------------------------------------------------


def test_leaving_the_block_closes_the_socket(ends: tuple[MessageSocket, MessageSocket]) -> None:
    one, other = ends
    with one:
        one.send("last words")
    assert not one.socket.is_connected
    assert other.receive(timeout=PATIENCE) == "last words"
    with pytest.raises(EndOfStream):
        other.receive(timeout=PATIENCE)
    with pytest.raises(ZeroDivisionError), other:
        1 / 0  # noqa: B018
    with pytest.raises(ClosedByUs):
        other.receive()


def test_what_breaks_the_protocol_costs_the_connection_and_says_so_afterwards() -> None:
    first, second = pair()
    with second:
        messages = MessageSocket(first)
        second.write(b"nonsense, more than twelve bytes of it")
        with pytest.raises(PeerBrokeProtocol):
            messages.receive(timeout=PATIENCE)
        for use in (messages.receive, lambda: messages.send("x"), messages.wait_greeted):
            with pytest.raises(ClosedByUs):
                use()


def test_a_peer_that_left_before_it_greeted_is_noticed() -> None:
    first, second = pair()
    second.abort()
    with pytest.raises((ClosedByPeer, EndOfStream)):
        MessageSocket(first).receive(timeout=PATIENCE)
    first.abort()


def test_the_public_names_are_there() -> None:
    assert localsocket.connect_messages is connect_messages
    assert localsocket.MessageSocket is MessageSocket
