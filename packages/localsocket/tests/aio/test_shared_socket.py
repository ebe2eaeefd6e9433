"""The socket below services and clients of asyncio: what happens when nobody takes any more what is sent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aio.ends import closing, turns_until
from localsocket import Service
from localsocket.aio.service_loop import ServiceLoop
from localsocket.aio.shared_socket import SharedSocket
from localsocket.errors import ClosedByPeer, LocalSocketError
from localsocket.testing import PATIENCE


class Events:
    """What the socket has told."""

    def __init__(self) -> None:
        self.received = b""
        self.ended: asyncio.Future[LocalSocketError] = asyncio.get_running_loop().create_future()
        self.drained = 0

    def take_in(self, data: bytes) -> None:
        self.received += data

    def end(self, error: LocalSocketError) -> None:
        if not self.ended.done():
            self.ended.set_result(error)

    def drain(self) -> None:
        self.drained += 1


@asynccontextmanager
async def pushed() -> AsyncIterator[tuple[SharedSocket, Events, socket.socket]]:
    ours, theirs = socket.socketpair()
    async with closing(SharedSocket.adopt_descriptor(ours.detach())) as stream:
        assert isinstance(stream, SharedSocket)
        events = Events()
        stream.begin(events.take_in, events.end, events.drain)
        with theirs:
            yield stream, events, theirs


async def test_a_connection_counts_in_its_services_statistics_before_the_loop_receives() -> None:
    service = Service("counted")
    ours, theirs = socket.socketpair()
    with theirs:
        async with closing(SharedSocket.adopt_descriptor(ours.detach())) as stream:
            assert isinstance(stream, SharedSocket)
            loop = ServiceLoop(service, asyncio.get_running_loop())
            connection = loop.connection(stream)
            stats = service.stats()  # as another thread may ask in this moment
            assert (stats.open_connections, stats.bytes_unsent) == (1, 0)
            await connection.end()


async def test_what_came_before_the_peer_left_is_still_read_and_then_the_end_is_told() -> None:
    async with pushed() as (stream, events, peer):
        await turns_until(lambda: stream._transport is not None)
        stream.set_reading(False)
        peer.sendall(b"the last words")
        peer.close()
        stream.send(b"nobody takes this")
        await turns_until(lambda: events.drained)
        stream.set_reading(True)
        stream.set_reading(False)  # by a thread that had sent more, before it could know
        assert isinstance(await asyncio.wait_for(events.ended, PATIENCE), ClosedByPeer)
        assert events.received == b"the last words"


async def test_who_sends_on_when_the_peer_has_left_is_held_back_until_the_end_is_told() -> None:
    async with pushed() as (stream, events, peer):
        await turns_until(lambda: stream._transport is not None)
        stream.set_reading(False)
        peer.close()
        stream.send(b"nobody takes this")
        await turns_until(lambda: events.drained)
        for _ in range(3):
            stream.send(b"nor this")
            await asyncio.sleep(0)
        assert (events.drained, stream.bytes_to_send) == (1, 3 * len(b"nor this"))
