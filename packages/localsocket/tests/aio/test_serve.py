"""Serving an address: a task for each connection, an orderly end, and what a handler's failure costs."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest

import localsocket
from aio.ends import closing, no_descriptor_left, turns, turns_until, waiting
from localsocket import LocalSocket, aio
from localsocket.errors import (
    BrokenEndpoint,
    Busy,
    ClosedByUs,
    DeadlinePassed,
    NameTaken,
    ServerNotFound,
    UnsuitableHandler,
)
from localsocket.testing import PATIENCE, ServerUnderTest, clog, server_contract


async def echo(socket: aio.LocalSocket) -> None:
    while data := await socket.read():
        await socket.write(data)


async def ask(question: bytes, address: str = "server") -> bytes:
    async with aio.connect(address) as client:
        await client.write(question)
        return await client.read_exactly(len(question), timeout=PATIENCE)


@contextlib.contextmanager
def clients(count: int) -> Iterator[list[LocalSocket]]:
    with contextlib.ExitStack() as stack:
        connected = [localsocket.connect("server") for _ in range(count)]
        for client in connected:
            stack.callback(client.abort)
        yield connected


# --- beginning --------------------------------------------------------------------------------------------------------


async def test_it_serves_from_the_opening_to_the_end_of_the_block() -> None:
    async with aio.serve("server", echo) as serving:
        assert serving.address == "server"
        assert repr(serving) == "<Serving 'server' serving, 0 connections>"
        assert await ask(b"hello") == b"hello"
        assert not await serving.wait_stopped(0)
    assert repr(serving) == "<Serving 'server' stopped, 0 connections>"
    assert await serving.wait_stopped(0)
    with pytest.raises(ServerNotFound):
        await aio.connect("server")


async def test_awaited_it_serves_until_it_is_stopped() -> None:
    serving = await aio.serve("server", echo)
    assert await ask(b"hello") == b"hello"
    await serving.stop()
    await serving.stop()
    with pytest.raises(ServerNotFound):
        await aio.connect("server")


async def test_it_takes_the_options_of_listen() -> None:
    async with (
        aio.serve("server", echo, max_connections=1, max_connections_per_user=1),
        aio.connect("server") as first,
        aio.connect("server") as second,
    ):
        await first.write(b"1")
        await second.write(b"2")
        assert await first.read() == b"1"
        with pytest.raises(DeadlinePassed):
            await second.read(timeout=0.01)
        await first.close()
        assert await second.read(timeout=PATIENCE) == b"2"


@pytest.mark.parametrize("listen", [aio.listen, localsocket.listen])
async def test_it_serves_a_server_of_any_face_that_listens_already_and_closes_it(listen: Any) -> None:
    opening = listen("server")
    server = await opening if isinstance(opening, aio.Opening) else opening
    with pytest.raises(TypeError, match="takes no options: backlog, mode"):
        aio.serve(server, echo, backlog=5, mode=0o600)
    async with aio.serve(server, echo) as serving:
        assert serving.server is server
        assert await ask(b"hello") == b"hello"
        with pytest.raises(Busy, match="a loop serves 'server' already"):
            await aio.serve(server, echo)
    assert not server.is_listening
    with pytest.raises(ClosedByUs):
        await aio.serve(server, echo)


async def test_what_listen_raises_is_raised() -> None:
    async with aio.serve("server", echo):
        with pytest.raises(NameTaken):
            await aio.serve("server", echo)
        assert await ask(b"hello") == b"hello"


async def too_many(socket: aio.LocalSocket, more: object) -> None: ...


def not_awaited(socket: aio.LocalSocket) -> None: ...


class Callable:
    async def __call__(self, socket: aio.LocalSocket) -> None:
        await socket.write(b"from an object")

    async def method(self, socket: aio.LocalSocket) -> None:
        await socket.write(b"from a method")


@pytest.mark.parametrize("handler", [not_awaited, too_many, print, localsocket.Handler, None, 5, lambda _: echo(_)])
async def test_a_handler_that_cannot_serve_is_refused_at_once(handler: Any) -> None:
    with pytest.raises(UnsuitableHandler, match=r"is not a coroutine function|cannot be called with one"):
        aio.serve("server", handler)


async def test_objects_and_methods_serve_as_well() -> None:
    for handler, says in ((Callable(), b"from an object"), (Callable().method, b"from a method")):
        async with aio.serve("server", handler), aio.connect("server") as client:
            assert await client.read_to_end(timeout=PATIENCE) == says


# --- handlers that fail -----------------------------------------------------------------------------------------------


async def test_a_handler_that_fails_is_logged_with_its_peer_and_costs_its_own_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(socket: aio.LocalSocket) -> None:
        line = await socket.read_line()
        if line == b"fail":
            raise ZeroDivisionError("on purpose")
        await socket.write(line)

    async with aio.serve("server", fail) as serving:
        async with aio.connect("server") as other, aio.connect("server") as failing:
            await failing.write(b"fail\nand more")
            with contextlib.suppress(ConnectionResetError):
                assert await failing.read_to_end(timeout=PATIENCE) == b""
            await other.write(b"fine\n")
            assert await other.read_to_end(timeout=PATIENCE) == b"fine"
        assert serving.error is None
    (record,) = caplog.records
    assert f"peer pid={os.getpid()}" in record.getMessage()
    assert "because its handler failed" in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


async def test_how_connections_end_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def read(socket: aio.LocalSocket) -> None:
        await socket.read_exactly(10)

    async def write(socket: aio.LocalSocket) -> None:
        await socket.wait_disconnected()
        await socket.write(b"to nobody")

    async def close(socket: aio.LocalSocket) -> None:
        await socket.close()
        await socket.write(b"to nobody")

    for handler in (read, write, close):
        async with aio.serve("server", handler) as serving:
            async with aio.connect("server") as first, aio.connect("server"):
                if handler is not close:
                    await first.write(b"half")
                await turns(10)
            await serving.stop(timeout=PATIENCE)
        assert serving.server.open_connections == 0
    assert not caplog.records


async def test_a_handler_whose_last_bytes_nobody_takes_is_ended_and_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(socket: aio.LocalSocket) -> None:
        clog(socket)
        socket.write_nowait(b"unheard")

    monkeypatch.setattr(aio.LocalSocket.close, "__kwdefaults__", {"timeout": 0.01})
    async with aio.serve("server", talk) as serving:
        with clients(1) as (client,):
            assert client.wait_disconnected(0) is False
            await turns_until(lambda: caplog.records)
            await turns_until(lambda: not serving.server.open_connections)
    assert "7 bytes" in caplog.text


async def test_a_socket_that_outlives_its_handler_is_closed_with_it() -> None:
    kept: list[aio.LocalSocket] = []

    async def keep(socket: aio.LocalSocket) -> None:
        kept.append(socket)

    async with aio.serve("server", keep), aio.connect("server") as client:
        assert await client.read(timeout=PATIENCE) == b""
        with pytest.raises(ClosedByUs):
            await kept[0].write(b"x")


async def test_a_socket_that_its_handler_gave_away_lives_on() -> None:
    given: list[aio.LocalSocket] = []

    async def give(socket: aio.LocalSocket) -> None:
        given.append(aio.adopt(socket))

    async with aio.serve("server", give) as serving, aio.connect("server") as client:
        await turns_until(lambda: given)
        await serving.stop()
        async with closing(*given) as socket:
            await client.write(b"question")
            assert await socket.read() == b"question"
            assert serving.server.open_connections == 1
    assert serving.server.open_connections == 0


async def test_a_handler_that_is_cancelled_before_it_began_leaves_no_connection() -> None:
    async def never(socket: aio.LocalSocket) -> None:
        raise AssertionError

    def cancel_handlers() -> None:
        for task in asyncio.all_tasks():
            if task.get_name() == "localsocket server":
                task.cancel()

    def authorize(_: object) -> bool:
        asyncio.get_running_loop().call_soon(cancel_handlers)  # comes before the task that is made for the connection
        return True

    async with aio.serve("server", never, authorize=authorize) as serving:
        with clients(2) as connected:
            await turns_until(lambda: all(not client.is_connected for client in connected))
            assert serving.server.open_connections == 0
    gc.collect()


# --- stopping ---------------------------------------------------------------------------------------------------------


async def test_stopping_lets_handlers_finish_until_the_deadline_and_cancels_the_rest() -> None:
    ended: list[str] = []

    async def work(socket: aio.LocalSocket) -> None:
        try:
            await socket.read_line()
            await socket.write(b"done")
            ended.append("finished")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    busy, finishing = 100, 60
    async with aio.serve("server", work, backlog=busy) as serving:
        with clients(busy) as connected:
            await turns_until(lambda: len(serving._tasks) == busy)
            assert repr(serving) == "<Serving 'server' serving, 100 connections>"
            stopping = asyncio.ensure_future(serving.stop(timeout=PATIENCE))
            await turns(3)
            assert repr(serving) == "<Serving 'server' stopping, 100 connections>"
            with pytest.raises(ServerNotFound):
                await aio.connect("server")
            for client in connected[:finishing]:
                client.write(b"\n")
            await turns_until(lambda: ended.count("finished") == finishing)
            await turns(5)
            assert not stopping.done()
            await serving.stop(timeout=0.01)
            await stopping
            assert [client.read(timeout=PATIENCE) for client in connected] == [b"done"] * finishing + [b""] * 40
        assert (ended.count("finished"), ended.count("cancelled")) == (finishing, busy - finishing)
        assert serving.server.open_connections == 0
        assert repr(serving) == "<Serving 'server' stopped, 0 connections>"


async def test_stopping_waits_for_nobody_where_all_have_finished() -> None:
    async with aio.serve("server", echo) as serving:
        assert await ask(b"hello") == b"hello"
        await serving.stop(timeout=None)


async def test_stopping_with_no_time_cancels_at_once() -> None:
    async with aio.serve("server", echo) as serving:
        with clients(2) as connected:
            await turns_until(lambda: len(serving._tasks) == 2)
            await serving.stop(timeout=0)
            assert all(client.read(timeout=PATIENCE) == b"" for client in connected)


async def test_stopping_waits_for_handlers_that_take_their_time_to_end() -> None:
    async def take_leave(socket: aio.LocalSocket) -> None:
        try:
            await socket.read()
        finally:
            await socket.write(b"goodbye")

    async with aio.serve("server", take_leave) as serving, aio.connect("server") as client:
        await turns_until(lambda: len(serving._tasks) == 1)
        await serving.stop(timeout=0)
        assert await client.read_to_end(timeout=PATIENCE) == b"goodbye"


async def test_several_may_stop_it_at_once() -> None:
    async with aio.serve("server", echo) as serving:
        with clients(2):
            await turns_until(lambda: len(serving._tasks) == 2)
            await asyncio.gather(*(serving.stop(timeout=timeout) for timeout in (0.01, 0.02, PATIENCE)))


@pytest.mark.parametrize("timeout", [-1, float("nan"), "1"])
async def test_stop_checks_its_time_and_stops_nothing_then(timeout: Any) -> None:
    async with aio.serve("server", echo) as serving:
        for wait in (serving.stop(timeout=timeout), serving.wait_stopped(timeout)):
            with pytest.raises((ValueError, TypeError), match="timeout must"):
                await wait
        assert await ask(b"hello") == b"hello"


async def test_closing_the_server_alone_keeps_what_is_connected() -> None:
    async with aio.serve("server", echo) as serving, aio.connect("server") as client:
        await client.write(b"1")
        assert await client.read() == b"1"
        async with waiting(serving.wait_stopped()) as ended:
            serving.server.close()
            await turns(5)
            await client.write(b"2")
            assert await client.read() == b"2"
            assert not ended.done()
            await client.close()
            assert await ended


async def test_pausing_the_server_keeps_new_clients_waiting() -> None:
    async with aio.serve("server", echo) as serving:
        serving.server.pause()
        await turns(2)
        async with waiting(ask(b"hello")) as asking:
            await turns(10)
            assert not asking.done()
            serving.server.resume()
            assert await asking == b"hello"


async def test_leaving_the_block_by_an_error_stops_it_too() -> None:
    with pytest.raises(KeyError):
        async with aio.serve("server", echo) as serving:
            raise KeyError
    assert await serving.wait_stopped(0)


# --- trouble ----------------------------------------------------------------------------------------------------------


async def test_without_descriptors_it_pauses_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async with aio.serve("server", echo):
        with clients(3) as connected:
            with no_descriptor_left():
                for client in connected:
                    client.write_nowait(b"hello")
                await asyncio.sleep(0.12)
            for client in connected:
                await turns_until(lambda client=client: client.bytes_available == 5)  # type: ignore[misc]
                assert client.read_available() == b"hello"
    assert caplog.text.count("accepts no connections until descriptors are free again") == 1


async def test_an_error_that_ends_the_serving_keeps_the_connections_and_is_raised_by_stop() -> None:
    serving = await aio.serve("server", echo)
    async with aio.connect("server") as client:
        await client.write(b"1")
        assert await client.read() == b"1"

        def broken() -> Any:
            raise BrokenEndpoint("accepting", OSError(1, "Operation not permitted"))

        serving.server._take_connection = broken  # type: ignore[method-assign]
        with clients(1) as (second,):
            await turns_until(lambda: serving.error is not None)
            assert second.wait_disconnected(PATIENCE)
        assert not serving.server.is_listening
        await client.write(b"2")
        assert await client.read() == b"2"
    assert await serving.wait_stopped(PATIENCE)
    with pytest.raises(BrokenEndpoint):
        await serving.stop()
    await serving.stop()


async def test_a_server_that_is_closed_while_it_accepts_ends_the_serving() -> None:
    async with aio.serve("server", echo, authorize=lambda _: serving.server.close() is None) as serving:
        with clients(2) as connected:
            await turns_until(lambda: not serving.server.is_listening)
            await serving.stop(timeout=0)
            assert all(client.wait_disconnected(PATIENCE) for client in connected)


@pytest.mark.parametrize("claim", server_contract)
def test_servers_keep_the_contract(claim: Any, run: Any) -> None:
    """Whatever some peers do, the others are served."""

    async def main() -> None:
        async with aio.serve("contract.echo", echo) as serving:
            await asyncio.to_thread(claim, ServerUnderTest("contract.echo", b"hello\n", b"hello\n"))
            await serving.stop(timeout=0)

    run(main())
