"""Connecting with a deadline, and what is said when it cannot be."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket as plain
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import localsocket
from aio.ends import closing, no_descriptor_left, turns, waiting
from localsocket import ANY_USER, Limits, aio
from localsocket.errors import (
    BrokenEndpoint,
    DeadlinePassed,
    InvalidAddress,
    PeerRefused,
    ServerBusy,
    ServerNotFound,
    ServerRefused,
    WrongMode,
)
from localsocket.testing import PATIENCE


async def test_it_is_awaited_or_entered_and_is_the_callers_or_the_blocks() -> None:
    async with aio.listen("server") as server:
        socket = await aio.connect("server")
        assert isinstance(socket, aio.LocalSocket)
        assert socket.is_connected
        await socket.close()
        async with aio.connect("server") as socket:
            assert socket.is_connected
            assert (socket.address, socket.peer.pid, socket.mode) == ("server", os.getpid(), "rw")
        assert not socket.is_connected
        with pytest.raises(KeyError):
            async with aio.connect("server") as socket:
                raise KeyError
        assert not socket.is_connected
        server.close()


async def test_a_connection_knows_what_it_was_told() -> None:
    limits = Limits(read_buffer=1000)
    async with (
        aio.listen("server") as server,
        aio.connect("server", mode="r", limits=limits, allow_server=ANY_USER) as reader,
        await server.accept() as accepted,
    ):
        assert reader.limits == limits
        with pytest.raises(WrongMode):
            await reader.write(b"x")
        await accepted.write(b"hello")
        assert await reader.read() == b"hello"


WRONG: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"address": "nobody"}, ServerNotFound),
    ({"address": ""}, InvalidAddress),
    ({"address": "two words"}, InvalidAddress),
    ({"address": "server", "timeout": -1}, ValueError),
    ({"address": "server", "timeout": "1"}, TypeError),
    ({"address": "server", "mode": "x"}, ValueError),
    ({"address": "server", "allow_server": "me"}, ValueError),
    ({"address": "server", "allow_server": []}, PeerRefused),
]


@pytest.mark.parametrize(("options", "error"), WRONG)
async def test_the_errors_are_those_of_the_blocking_face(options: dict[str, Any], error: type[Exception]) -> None:
    async with aio.listen("server"):
        with pytest.raises(error) as blocking:
            localsocket.connect(**options)
        with pytest.raises(error) as awaited:
            await aio.connect(**options)
        assert type(awaited.value) is type(blocking.value) is error
        assert str(awaited.value) == str(blocking.value)


async def test_a_stale_socket_file_is_told_from_an_absent_one(runtime_directory: Path) -> None:
    path = runtime_directory / "stale"
    with plain.socket(plain.AF_UNIX) as gone:
        gone.bind(str(path))
    with pytest.raises(ServerRefused):
        await aio.connect(path)
    path.unlink()
    with pytest.raises(ServerNotFound):
        await aio.connect(path)


async def test_a_server_that_comes_later_is_found_and_one_that_does_not_is_not_waited_for_any_longer() -> None:
    with pytest.raises(DeadlinePassed, match=r"no server listens at 'server' \(tried for 0\.02 s\)") as late:
        await aio.connect("server", wait_for_server=True, timeout=0.02)
    assert isinstance(late.value.__cause__, ServerNotFound)
    connecting = asyncio.create_task(aio.connect("server", wait_for_server=True, timeout=None))
    await turns(5)
    async with aio.listen("server"), closing(await connecting) as socket:
        assert socket.is_connected


async def test_an_opening_is_a_coroutine() -> None:
    async with aio.listen("server"):
        socket = await asyncio.create_task(aio.connect("server"))
        await socket.close()
    waits = asyncio.create_task(aio.connect("server", wait_for_server=True))
    await turns(3)
    waits.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waits
    never = aio.connect("server")
    never.close()
    with pytest.raises(RuntimeError, match="cannot reuse"):
        await never


@pytest.fixture
def full(runtime_directory: Path) -> Iterator[tuple[Path, plain.socket]]:
    """A listening socket whose accept queue is full."""
    path = runtime_directory / "full"
    with plain.socket(plain.AF_UNIX) as listener, contextlib.ExitStack() as stack:
        listener.bind(str(path))
        listener.listen(0)
        stack.enter_context(localsocket.connect(path))
        yield path, listener
    path.unlink()


@pytest.mark.parametrize("timeout", [0, 0.03])
async def test_a_full_accept_queue_is_waited_out_to_the_deadline(
    full: tuple[Path, plain.socket], timeout: float
) -> None:
    path, listener = full
    began = time.monotonic()
    with pytest.raises(DeadlinePassed) as late:
        await aio.connect(path, timeout=timeout)
    assert time.monotonic() - began >= timeout
    assert isinstance(late.value.__cause__, ServerBusy)
    listener.accept()[0].close()
    async with closing(await aio.connect(path, timeout=timeout)) as socket:
        assert socket.is_connected


async def test_a_place_that_becomes_free_is_taken_by_one_of_those_who_wait(full: tuple[Path, plain.socket]) -> None:
    path, listener = full
    connecting = [asyncio.create_task(aio.connect(path, timeout=PATIENCE)) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert not any(call.done() for call in connecting)
    for count in range(1, 4):
        listener.accept()[0].close()
        await asyncio.wait(connecting, return_when=asyncio.FIRST_COMPLETED)
        done = [call for call in connecting if call.done()]
        assert len(done) == 1
        connecting.remove(done[0])
        done[0].result().abort()
        assert count + len(connecting) == 3


async def test_a_server_that_closes_while_its_queue_is_waited_out_is_not_found(
    full: tuple[Path, plain.socket],
) -> None:
    path, listener = full
    async with waiting(aio.connect(path, timeout=None)) as connecting:
        listener.close()
        with pytest.raises(ServerRefused):
            await connecting


async def test_no_descriptor_left_is_an_error_of_the_system_with_its_cause() -> None:
    async with aio.listen("server"):
        with no_descriptor_left(), pytest.raises(BrokenEndpoint, match=os.strerror(errno.EMFILE)):
            await aio.connect("server")
        await (await aio.connect("server")).close()


async def test_a_pair_is_connected_and_knows_who_is_at_the_other_end() -> None:
    limits = Limits(line=5)
    one, other = aio.pair(limits=limits)
    async with one, other:
        assert (one.limits, other.limits) == (limits, limits)
        assert one.peer.pid == other.peer.pid == os.getpid()
        await one.write(b"hello\n")
        assert await other.read_line() == b"hello"
