"""A thousand connections at once, which end in every way there is, from both sides, at places drawn by lot."""

from __future__ import annotations

import asyncio
import contextlib
import random
import resource
from collections import Counter
from collections.abc import Iterator

import pytest

from aio.ends import pattern, turns_until
from localsocket import SocketState, aio
from localsocket.errors import ClosedByPeer, ClosedByUs, EndOfStream
from localsocket.testing import PATIENCE

CONNECTIONS = 1000
WAYS_TO_END = ["close", "abort", "fail", "finish", "leave"]
LONGEST = 15_000
_AT_THE_DOOR = 50  # no more than wait in the queue of the server: whoever finds that full comes again and again

gone = contextlib.suppress(ClosedByPeer, ClosedByUs, EndOfStream)


class Deliberate(Exception):
    """What a handler raises on purpose."""


class Crowd:
    """Clients and handlers that exchange what is drawn by lot, and check that each byte of it is the right one."""

    def __init__(self, seed: int) -> None:
        self._lots = random.Random(seed)
        self._sent = pattern(4 * LONGEST)
        self._door = asyncio.Semaphore(_AT_THE_DOOR)
        self.is_complete = asyncio.Event()
        self.ended: Counter[tuple[str, str]] = Counter()
        self.sockets: list[aio.LocalSocket] = []

    async def serve(self, socket: aio.LocalSocket) -> None:
        self.sockets.append(socket)
        end = self._lots.choice(WAYS_TO_END)
        left = self._lots.randrange(LONGEST)
        with gone:
            while left > 0 and (data := await socket.read()):
                await socket.write(data)
                left -= len(data)
            await self._end(socket, end)
        self.ended["server", end] += 1
        if end == "fail":
            raise Deliberate

    async def call(self, address: str) -> None:
        end = self._lots.choice(WAYS_TO_END)
        left = self._lots.randrange(LONGEST)
        place = 0
        async with self._door:
            socket = await aio.connect(address, timeout=PATIENCE)
        self.sockets.append(socket)
        await self.is_complete.wait()
        with gone:
            while place < left:
                piece = self._sent[place : place + self._lots.randrange(1, LONGEST)]
                await socket.write(piece)
                echo = await socket.read_exactly(len(piece))
                assert echo == piece
                place += len(piece)
            await self._end(socket, end)
            if end == "finish":
                assert len(await socket.read_to_end()) <= 1  # the last words of who closed at the same time
        with gone:
            await socket.close()
        self.ended["client", end] += 1

    async def _end(self, socket: aio.LocalSocket, end: str) -> None:
        if end == "close":
            await socket.write(bytes(self._lots.randrange(2)))
            await socket.close()
        elif end == "abort":
            socket.abort()
        elif end == "finish":
            await socket.shutdown_write()


@pytest.fixture
def descriptors_for_all() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4 * CONNECTIONS:
        pytest.skip(f"a process may open {hard} descriptors only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4 * CONNECTIONS), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.long
@pytest.mark.usefixtures("descriptors_for_all")
async def test_a_thousand_connections_that_end_anyhow_leave_nothing(caplog: pytest.LogCaptureFixture) -> None:
    crowd = Crowd(seed=1)
    async with aio.serve("crowd", crowd.serve) as serving:
        async with asyncio.TaskGroup() as clients:
            for _ in range(CONNECTIONS):
                clients.create_task(crowd.call("crowd"))
            await turns_until(lambda: serving.server.open_connections == CONNECTIONS)
            crowd.is_complete.set()
        await serving.stop(timeout=PATIENCE)
        assert serving.server.open_connections == 0
        assert repr(serving) == "<Serving 'crowd' stopped, 0 connections>"
    assert {socket.state for socket in crowd.sockets} == {SocketState.CLOSED}
    assert {socket.fileno() for socket in crowd.sockets} == {-1}
    assert sum(crowd.ended.values()) == len(crowd.sockets) == 2 * CONNECTIONS
    assert len(crowd.ended) == 2 * len(WAYS_TO_END)
    assert len(caplog.records) == crowd.ended["server", "fail"]
    assert all("Deliberate" in str(record.exc_info) for record in caplog.records)
