"""A server whose connections are accepted by tasks: waiting, limits, pausing, exhaustion, closing."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket as plain
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import localsocket
from aio.ends import closing, no_descriptor_left, turns, waiting
from localsocket import Limits, LocalSocket, aio
from localsocket.errors import (
    BrokenEndpoint,
    Busy,
    ClosedByUs,
    DeadlinePassed,
    InvalidAddress,
    NameTaken,
    PathOccupied,
    ServerNotFound,
    UnsuitableDescriptor,
)
from localsocket.testing import PATIENCE


@contextlib.contextmanager
def clients(count: int, address: str = "server") -> Iterator[list[LocalSocket]]:
    with contextlib.ExitStack() as stack:
        connected = [localsocket.connect(address) for _ in range(count)]
        for client in connected:
            stack.callback(client.abort)
        yield connected


# --- opening ----------------------------------------------------------------------------------------------------------


async def test_a_server_is_opened_with_await_or_entered_and_is_the_callers_or_the_blocks() -> None:
    server = await aio.listen("server")
    assert server.is_listening
    server.close()
    async with aio.listen("server") as server:
        assert isinstance(server, aio.LocalServer)
        assert server.is_listening
    assert not server.is_listening
    with pytest.raises(KeyError):
        async with aio.listen("server") as server:
            raise KeyError
    assert not server.is_listening


async def test_the_errors_are_those_of_the_blocking_face(runtime_directory: Path) -> None:
    occupied = runtime_directory / "directory"
    occupied.mkdir()
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"address": ""}, InvalidAddress),
        ({"address": "server", "mode": 0o1000}, ValueError),
        ({"address": "server", "backlog": -1}, ValueError),
        ({"address": "server", "allow": "everybody"}, ValueError),
        ({"address": "server", "authorize": 5}, TypeError),
        ({"address": "server", "max_connections": 0}, ValueError),
        ({"address": "@server", "allow": "any user"}, ValueError),
        ({"address": str(occupied)}, PathOccupied),
        ({"address": str(runtime_directory / "nowhere" / "socket")}, BrokenEndpoint),
    ]
    for options, error in wrong:
        with pytest.raises(error) as blocking:
            localsocket.listen(**options)
        with pytest.raises(error) as awaited:
            await aio.listen(**options)
        assert (type(awaited.value), str(awaited.value)) == (type(blocking.value), str(blocking.value))
    async with aio.listen("server"):
        for listen in (lambda: aio.listen("server"), lambda: as_a_coroutine(lambda: localsocket.listen("server"))):
            with pytest.raises(NameTaken) as taken:
                await listen()
            assert taken.value.owner_pid == os.getpid()


async def as_a_coroutine(call: Any) -> Any:
    return call()


# --- accepting --------------------------------------------------------------------------------------------------------


async def test_an_accepted_connection_knows_the_server_it_came_through() -> None:
    limits = Limits(line=7)
    async with aio.listen("server", limits=limits) as server:
        with clients(1):
            async with await server.accept() as accepted:
                assert isinstance(accepted, aio.LocalSocket)
                assert (accepted.address, accepted.limits) == ("server", limits)
                assert accepted.peer.pid == os.getpid()
                assert server.open_connections == 1
            assert server.open_connections == 0


@pytest.mark.parametrize("timeout", [0, 0.01])
async def test_a_late_accept_says_so_and_takes_who_is_there(timeout: float) -> None:
    async with aio.listen("server") as server:
        with pytest.raises(DeadlinePassed, match="accepting a connection at 'server' took longer"):
            await server.accept(timeout=timeout)
        assert not await server.wait_pending(timeout)
        with clients(2):
            assert await server.wait_pending(timeout)
            (await server.accept(timeout=timeout)).abort()
            (await server.accept(timeout=timeout)).abort()


@pytest.mark.parametrize("timeout", [-1, "1", True])
async def test_times_are_checked(timeout: Any) -> None:
    async with aio.listen("server") as server:
        for wait in (lambda: server.accept(timeout=timeout), lambda: server.wait_pending(timeout)):
            with pytest.raises((ValueError, TypeError), match="timeout must"):
                await wait()


async def test_iterating_gives_connections_until_the_server_is_closed() -> None:
    async with aio.listen("server") as server:
        with clients(3):
            accepted = []
            async for connection in server:
                accepted.append(connection)
                if len(accepted) == 3:
                    server.close()
            assert len(accepted) == 3
            async with closing(*accepted):
                pass


async def test_accepting_who_never_stop_coming_gives_way_to_others() -> None:
    turns_of_others = 0

    async def other() -> None:
        nonlocal turns_of_others
        while True:
            turns_of_others += 1
            await asyncio.sleep(0)

    async with aio.listen("server") as server, waiting(other()):
        turns_of_others = 0
        for _ in range(20):
            with clients(1):
                (await server.accept()).abort()
        assert turns_of_others > 10


async def test_each_connection_goes_to_one_of_many_who_accept() -> None:
    async with aio.listen("server") as server:
        accepting = [asyncio.ensure_future(server.accept(timeout=PATIENCE)) for _ in range(5)]
        await turns(3)
        with clients(5):
            accepted = await asyncio.gather(*accepting)
            assert len({connection.fileno() for connection in accepted}) == 5
            async with closing(*accepted):
                pass
        assert server.accept_nowait() is None


async def test_a_full_server_lets_the_next_one_wait_until_a_place_is_free() -> None:
    async with aio.listen("server", max_connections=2, max_connections_per_user=2) as server:
        with clients(3):
            first, second = await server.accept(), await server.accept()
            async with closing(first, second), waiting(server.accept()) as third:
                await turns(10)
                assert not third.done()
                second.abort()
                (await third).abort()  # type: ignore[attr-defined]


async def test_a_place_is_given_back_however_the_connection_ends() -> None:
    """Also when the peer leaves without reading, at which the loop lets go of the connection by itself."""

    async def close(socket: aio.LocalSocket, client: LocalSocket) -> None:
        await socket.close()

    async def abort(socket: aio.LocalSocket, client: LocalSocket) -> None:
        socket.abort()
        await socket.close()

    async def detach(socket: aio.LocalSocket, client: LocalSocket) -> None:
        os.close(socket.detach())

    async def reset(socket: aio.LocalSocket, client: LocalSocket) -> None:
        async with waiting(socket.read()) as reading:
            await socket.write(b"never read")
            client.abort()
            with contextlib.suppress(ConnectionResetError):
                await reading
        await socket.close()

    async def give_away(socket: aio.LocalSocket, client: LocalSocket) -> None:
        localsocket.adopt(socket).abort()

    async with aio.listen("server", max_connections=1, max_connections_per_user=1) as server:
        for end in (close, abort, detach, reset, give_away) * 2:
            with clients(1) as (client,):
                async with asyncio.timeout(PATIENCE):
                    socket = await server.accept()
                with contextlib.suppress(DeadlinePassed):
                    await socket.read(timeout=0.001)
                await end(socket, client)
                await socket.close()
                assert server.open_connections == 0


async def test_a_paused_server_accepts_nothing_until_it_goes_on() -> None:
    async with aio.listen("server") as server, waiting(server.accept()) as accepting:
        server.pause()
        with clients(1):
            await turns(10)
            assert not accepting.done()
            assert server.is_paused
            server.resume()
            (await accepting).abort()  # type: ignore[attr-defined]


async def test_who_is_turned_away_is_not_accepted_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    async with aio.listen("server", authorize=lambda peer: peer.pid == 0) as server:
        with clients(3) as refused:
            with pytest.raises(DeadlinePassed):
                await server.accept(timeout=0.01)
            assert (server.refused_connections, server.open_connections) == (3, 0)
            assert all(client.read(timeout=PATIENCE) == b"" for client in refused)
    assert "only whoever authorize() lets in is allowed" in caplog.text


# --- trouble ----------------------------------------------------------------------------------------------------------


@pytest.mark.long
async def test_without_descriptors_it_waits_says_so_once_and_tries_now_and_then(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    def count(server: aio.LocalServer, error: OSError) -> None:
        nonlocal tries
        tries += 1
        assert error.errno == errno.EMFILE
        note(server, error)

    note = aio.LocalServer._note_exhaustion
    monkeypatch.setattr(aio.LocalServer, "_note_exhaustion", count)
    async with aio.listen("server") as server:
        with clients(2):
            accepting = [asyncio.ensure_future(server.accept()) for _ in range(2)]
            with no_descriptor_left():
                begun = asyncio.get_running_loop().time()
                await asyncio.sleep(0.25)
                passed = asyncio.get_running_loop().time() - begun
                assert 2 <= tries <= 2 * (passed / 0.1 + 2)
                assert not any(call.done() for call in accepting)
                with pytest.raises(DeadlinePassed):
                    await server.accept(timeout=0.01)
            for connection in await asyncio.gather(*accepting):
                connection.abort()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "accepts no connections until descriptors are free again" in caplog.text


async def test_any_other_error_of_the_system_is_said_with_its_cause() -> None:
    async with aio.listen("server") as server:
        listening = server._listener.sock

        class Broken(plain.socket):
            def accept(self) -> tuple[plain.socket, Any]:
                raise OSError(errno.EPERM, "Operation not permitted")

        server._listener.sock = Broken(fileno=listening.detach())
        with pytest.raises(BrokenEndpoint, match="Operation not permitted"):
            await server.accept()


# --- closing ----------------------------------------------------------------------------------------------------------


async def test_closing_wakes_every_task_that_accepts_and_ends_what_was_not_taken() -> None:
    async with aio.listen("server") as server:
        accepting = [asyncio.ensure_future(call) for call in (server.accept(), server.accept(), server.wait_pending())]
        await turns(5)
        server.pause()
        with clients(2) as waiting_clients:
            server.close()
            for ended in await asyncio.gather(*accepting, return_exceptions=True):
                assert isinstance(ended, ClosedByUs)
            assert all(client.wait_disconnected(PATIENCE) for client in waiting_clients)
        with pytest.raises(ClosedByUs):
            await server.accept()
        with pytest.raises(ServerNotFound):
            localsocket.connect("server")
        server.close()


async def test_pending_connections_are_closed_with_the_server_and_taken_ones_stay() -> None:
    async with aio.listen("server", max_pending=1) as server:
        with clients(2) as (first, second):
            async with closing(await server.accept()) as accepted:
                assert server.pending_connections == 1
                server.close()
                assert second.read(timeout=PATIENCE) == b""
                first.write(b"still here")
                assert await accepted.read() == b"still here"


async def test_a_server_that_is_served_is_not_waited_on() -> None:
    async def never(_: aio.LocalSocket) -> None:
        raise AssertionError

    server = await aio.listen("server")
    async with aio.serve(server, never):
        with pytest.raises(Busy, match="is already being served"):
            await server.accept()
    assert not server.is_listening


# --- adopting ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def listening(path: Path) -> Iterator[plain.socket]:
    with plain.socket(plain.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield listener
    path.unlink()


async def test_a_listening_descriptor_becomes_a_server_and_its_file_stays(runtime_directory: Path) -> None:
    path = runtime_directory / "activated"
    with listening(path) as listener:
        async with aio.LocalServer.adopt_descriptor(listener.detach(), limits=Limits(line=5)) as server:
            assert server.address == str(path)
            async with closing(await aio.connect(path)) as client, await server.accept() as accepted:
                await client.write(b"hello")
                assert await accepted.read() == b"hello"
                assert accepted.limits == Limits(line=5)
        assert path.exists()


async def test_a_descriptor_that_does_not_listen_is_refused_and_left_alone() -> None:
    first, second = plain.socketpair()
    with first, second:
        with pytest.raises(UnsuitableDescriptor, match="is not listening"):
            aio.LocalServer.adopt_descriptor(first.fileno())
        first.send(b"still open")
        assert second.recv(100) == b"still open"


async def test_a_server_that_is_forgotten_warns_and_gives_its_address_back() -> None:
    server = await aio.listen("server")
    servers = [server]
    del server
    with pytest.warns(ResourceWarning, match=r"never closed|unclosed"):
        servers.clear()
    async with aio.listen("server"):
        pass
