"""A LocalServer is anyio's Listener, and accepts for many tasks at once."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import socket as standard
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import pytest
from anyio.abc import SocketAttribute
from anyio.streams.stapled import MultiListener

import localsocket
import localsocket.anyio
from anyio_face.cutting import count_suspensions
from anyio_face.ends import Call, Run, beside, turns, until
from localsocket import errors
from localsocket.anyio import LocalServer, LocalSocket, LocalSocketAttribute
from localsocket.errors import BrokenEndpoint, Busy, ClosedByUs, DeadlinePassed
from localsocket.testing import Background

SOON = 0.03


@contextlib.contextmanager
def clients(count: int) -> Iterator[list[localsocket.LocalSocket]]:
    """Give so many connections of the blocking face, for which no loop has to run."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(localsocket.connect("server")) for _ in range(count)]


async def echo(connection: LocalSocket) -> None:
    async with connection:
        async for piece in connection:
            await connection.send(piece)


# --- serving ----------------------------------------------------------------------------------------------------------


async def test_each_connection_is_handled_in_a_task_of_its_own() -> None:
    async with localsocket.anyio.listen("server") as server, anyio.create_task_group() as group:
        assert isinstance(server, anyio.abc.Listener)
        group.start_soon(server.serve, echo)
        async with localsocket.anyio.connect("server") as first, localsocket.anyio.connect("server") as second:
            for client in (first, second, first):
                await client.send(b"hello")
                assert await client.receive() == b"hello"
        await until(lambda: server.open_connections == 0)
        group.cancel_scope.cancel()


async def test_handlers_run_in_the_task_group_that_was_given() -> None:
    async with localsocket.anyio.listen("server") as server:
        async with anyio.create_task_group() as group:
            serving = Call(lambda: server.serve(echo, group))
            async with beside(serving), localsocket.anyio.connect("server") as client:
                await client.send(b"hello")
                assert await client.receive() == b"hello"
                await server.aclose()
                await until(lambda: serving.is_done)
                await client.send(b"again")  # the handler is the group's, which goes on
                assert await client.receive() == b"again"
        assert isinstance(serving.error, anyio.ClosedResourceError)


async def test_serving_ends_with_the_server_and_lets_the_handlers_finish() -> None:
    async with localsocket.anyio.listen("server") as server:
        serving = Call(lambda: server.serve(echo))
        async with beside(serving), localsocket.anyio.connect("server") as client:
            await client.send(b"hello")
            assert await client.receive() == b"hello"
            server.close()
            await turns(5)
            assert not serving.is_done
            await client.send(b"again")
            assert await client.receive() == b"again"
        assert isinstance(serving.error, anyio.ClosedResourceError)
        assert isinstance(serving.error.__cause__, ClosedByUs)


async def test_a_server_that_was_closed_serves_nobody() -> None:
    async with localsocket.anyio.listen("server") as server:
        await server.aclose()
        with pytest.raises(anyio.ClosedResourceError):
            await server.serve(echo)


async def test_a_handler_that_fails_ends_the_serving_as_in_every_task_group() -> None:
    async def fail(connection: LocalSocket) -> None:
        async with connection:
            raise ZeroDivisionError

    async with localsocket.anyio.listen("server") as server:
        with clients(1), pytest.raises(ExceptionGroup) as caught:
            await server.serve(fail)
        assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError]
        assert server.is_listening


async def test_a_server_that_a_loop_serves_is_busy() -> None:
    async with localsocket.anyio.listen("server") as server:
        server._begin_watching(lambda: None)
        with pytest.raises(Busy):
            await server.accept()
        with pytest.raises(anyio.BusyResourceError, match="accepting connections from") as caught:
            await server.serve(echo)
        assert isinstance(caught.value.__cause__, Busy)
        server._end_watching()


async def test_a_server_that_the_system_breaks_says_so() -> None:
    async with localsocket.anyio.listen("server") as server:
        trouble(server, errno.EINVAL)
        with pytest.raises(anyio.BrokenResourceError) as caught:
            await server.serve(echo)
        assert isinstance(caught.value.__cause__, BrokenEndpoint)


async def test_a_listener_of_several_takes_it_in() -> None:
    async with localsocket.anyio.listen("one") as one, localsocket.anyio.listen("two") as two:
        listener = MultiListener([one, two])
        async with anyio.create_task_group() as group:
            group.start_soon(listener.serve, echo)
            for address in ("one", "two"):
                async with localsocket.anyio.connect(address) as client:
                    await client.send(b"hello")
                    assert await client.receive() == b"hello"
            group.cancel_scope.cancel()
        await listener.aclose()
        assert not one.is_listening
        assert not two.is_listening


async def test_what_it_is_can_be_asked() -> None:
    async with localsocket.anyio.listen("server") as server:
        assert server.extra(SocketAttribute.family) == standard.AF_UNIX
        assert server.extra(SocketAttribute.local_address) == "server"
        assert server.extra(SocketAttribute.raw_socket).fileno() == server.fileno()
        assert server.extra(LocalSocketAttribute.address) == "server"
        assert LocalSocketAttribute.peer not in server.extra_attributes


# --- accepting --------------------------------------------------------------------------------------------------------


async def test_iterating_gives_connections_until_the_server_is_closed() -> None:
    async with localsocket.anyio.listen("server") as server:
        with clients(3):
            count = 0
            async for connection in server:
                await connection.close()
                count += 1
                if count == 3:
                    server.close()
        assert count == 3


async def test_an_accept_that_need_not_wait_gives_way_all_the_same() -> None:
    async with localsocket.anyio.listen("server") as server:
        with clients(1):
            assert await count_suspensions(server.wait_pending(timeout=0)) > 0
            assert server.pending_connections == 1
            assert await count_suspensions(server.aclose()) > 0
            assert await count_suspensions(server.aclose()) > 0


async def test_a_server_that_was_paused_accepts_when_it_goes_on() -> None:
    async with localsocket.anyio.listen("server") as server:
        accepted = Call(server.accept)
        async with beside(accepted):
            server.pause()
            with clients(1):
                await turns(5)
                assert not accepted.is_done
                server.resume()
                await until(lambda: accepted.is_done)
        await taken(accepted).close()


async def test_a_full_server_accepts_when_a_place_is_given_back() -> None:
    async with localsocket.anyio.listen("server", max_connections=1) as server:
        with clients(2):
            first = await server.accept()
            second = Call(server.accept)
            async with beside(second):
                assert not second.is_done
                await first.close()
            await taken(second).close()


async def test_a_server_that_another_thread_has_made_is_of_the_loop_that_uses_it(runtime_directory: Path) -> None:
    async with listening_descriptor(runtime_directory) as (path, descriptor):
        make = Background(lambda: LocalServer.adopt_descriptor(descriptor, max_connections=1))
        async with make.result() as server, localsocket.anyio.connect(path), localsocket.anyio.connect(path):
            first = await server.accept()
            second = Call(server.accept)
            async with beside(second):
                await first.close()
            await taken(second).close()


async def test_a_place_that_another_thread_gives_back_is_noticed() -> None:
    async with localsocket.anyio.listen("server", max_connections=1) as server:
        with clients(2):
            taken_over = localsocket.adopt(await server.accept())
            second = Call(server.accept)
            async with beside(second):
                with Background(taken_over.close):
                    pass
            await taken(second).close()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
async def test_a_forgotten_connection_gives_its_place_back_wherever_the_collector_finds_it() -> None:
    async with localsocket.anyio.listen("server", max_connections=2) as server:
        with clients(3):
            await (await server.accept()).close()
            forgotten: list[object] = [await server.accept()]
            forgotten.append(forgotten)
            del forgotten
            server._listener.sock = Collecting(server._listener.sock)  # type: ignore[assignment]
            async with await server.accept():
                assert server.open_connections == 1


def test_a_place_given_back_after_the_loop_has_ended_wakes_nobody(run: Run) -> None:
    kept: list[LocalSocket] = []
    servers: list[LocalServer] = []

    async def main() -> None:
        server = await localsocket.anyio.listen("server")
        servers.append(server)
        with clients(1):
            kept.append(await server.accept())
            with contextlib.suppress(DeadlinePassed):
                await server.accept(timeout=0.001)

    run(main)
    kept[0].abort()
    assert servers[0].open_connections == 0
    servers[0].close()


async def test_a_server_out_of_descriptors_looks_again_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    async with localsocket.anyio.listen("server") as server:
        troubled = trouble(server, *[errno.EMFILE] * 1000)
        with clients(1):
            with pytest.raises(DeadlinePassed):
                await server.accept(timeout=SOON)
            assert 0 < 1000 - len(troubled.numbers) <= 3
            assert len(caplog.records) == 1
            troubled.numbers.clear()
            await (await server.accept()).close()


async def test_closing_closes_the_descriptor_even_while_tasks_wait() -> None:
    async with localsocket.anyio.listen("server") as server:
        accepts = [Call(server.accept) for _ in range(3)]
        async with beside(*accepts):
            await server.aclose()
            assert server.fileno() == -1
        assert [type(call.error) for call in accepts] == [ClosedByUs] * 3


async def test_the_descriptor_is_closed_by_the_task_that_watches_it() -> None:
    # Nobody else may be given its number while the loop still waits on it.
    async with localsocket.anyio.listen("server") as server:
        accepting = Call(server.accept)
        async with beside(accepting):
            number = server.fileno()
            server.close()
            assert server.fileno() == number
            await until(lambda: accepting.is_done)
            assert server.fileno() == -1
        assert isinstance(accepting.error, ClosedByUs)


async def test_a_descriptor_that_listens_already_is_taken_over(runtime_directory: Path) -> None:
    async with listening_descriptor(runtime_directory) as (path, descriptor):
        server = LocalServer.adopt_descriptor(descriptor)
        async with server, localsocket.anyio.connect(path), await server.accept() as accepted:
            assert accepted.peer.pid == os.getpid()


async def test_an_address_that_is_owned_is_refused() -> None:
    async with localsocket.anyio.listen("server"):
        with pytest.raises(errors.NameTaken):
            await localsocket.anyio.listen("server")


@contextlib.asynccontextmanager
async def listening_descriptor(directory: Path) -> AsyncIterator[tuple[str, int]]:
    """Give a socket file, removed at the end, and the descriptor that listens there, which the block closes."""
    path = directory / "theirs"
    listening = standard.socket(standard.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    yield str(path), listening.detach()
    path.unlink()


def taken(call: Call) -> LocalSocket:
    connection = call.result()
    assert isinstance(connection, LocalSocket)
    return connection


class Troubled:
    """Stands before the listening socket and refuses to accept, with errors that the kernel gives seldom."""

    def __init__(self, sock: standard.socket, *numbers: int) -> None:
        self._sock = sock
        self.numbers = list(numbers)

    def accept(self) -> tuple[standard.socket, Any]:
        if self.numbers:
            number = self.numbers.pop(0)
            raise OSError(number, os.strerror(number))
        return self._sock.accept()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class Collecting(Troubled):
    """Has the garbage collector run where the server is in the midst of accepting."""

    def accept(self) -> tuple[standard.socket, Any]:
        gc.collect()
        return super().accept()


def trouble(server: LocalServer, *numbers: int) -> Troubled:
    troubled = Troubled(server._listener.sock, *numbers)
    server._listener.sock = troubled  # type: ignore[assignment]
    return troubled
