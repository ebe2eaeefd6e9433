"""Connecting, accepting and serving broken off anywhere: no connection is lost, none is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import socket as plain
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import localsocket
from aio.ends import closing, turns_until
from aio.interrupting import CANCELLING, EVERY_WAY, Cancelled, CancelledWhenWoken, Interruption, at_every_suspension
from localsocket import aio
from localsocket.errors import ClosedByUs, ServerNotFound
from localsocket.testing import PATIENCE

NAME = "interrupted"

# --- connecting -------------------------------------------------------------------------------------------------------


async def entered(opening: aio.Opening[aio.LocalSocket]) -> aio.LocalSocket:
    """Use an `async with` block instead of `await`, and leave the socket open."""
    return await opening.__aenter__()


async def awaited(opening: aio.Opening[aio.LocalSocket]) -> aio.LocalSocket:
    return await opening


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("opened", [awaited, entered])
async def test_a_connect_that_is_broken_off_while_there_is_no_server_leaves_nothing(
    opened: Callable[[aio.Opening[aio.LocalSocket]], Awaitable[aio.LocalSocket]], way: type[Interruption]
) -> None:
    async def scenario(interrupted: Interruption) -> None:
        with contextlib.ExitStack() as stack:
            servers: list[localsocket.LocalServer] = []

            def get_on(number: int) -> None:
                if number == 3:
                    servers.append(stack.enter_context(localsocket.listen(NAME)))

            opening = aio.connect(NAME, wait_for_server=True, timeout=way.timeout)
            outcome = await interrupted(opened(opening), get_on)
            if outcome.was_interrupted:
                assert all(server.accept_nowait() is None for server in servers)
            else:
                async with closing(outcome.result) as socket:
                    with servers[0].accept(timeout=0) as accepted:
                        accepted.write(b"welcome")
                        assert await socket.read_exactly(7, timeout=PATIENCE) == b"welcome"

    assert await at_every_suspension(way, scenario) >= 3


@pytest.mark.parametrize("way", EVERY_WAY)
async def test_a_connect_that_is_broken_off_at_a_full_accept_queue_leaves_nothing(
    way: type[Interruption], runtime_directory: Path
) -> None:
    path = str(runtime_directory / "full")

    async def scenario(interrupted: Interruption) -> None:
        with plain.socket(plain.AF_UNIX) as listener, contextlib.ExitStack() as stack:
            stack.callback(Path(path).unlink)
            listener.bind(path)
            listener.listen(0)
            listener.setblocking(False)
            first = stack.enter_context(localsocket.connect(path))  # the only place in the queue

            def get_on(number: int) -> None:
                if number == 3:
                    stack.enter_context(listener.accept()[0])

            outcome = await interrupted(awaited(aio.connect(path, timeout=way.timeout)), get_on)
            assert first.is_connected
            if not outcome.was_interrupted:
                async with closing(outcome.result) as socket:
                    accepted = stack.enter_context(listener.accept()[0])
                    accepted.send(b"welcome")
                    assert await socket.read_exactly(7, timeout=PATIENCE) == b"welcome"
            elif first.peer.pid:
                with contextlib.suppress(BlockingIOError):  # the first one, which nobody accepted
                    stack.enter_context(listener.accept()[0])
                with pytest.raises(BlockingIOError):
                    listener.accept()

    assert await at_every_suspension(way, scenario) >= 3


# --- accepting --------------------------------------------------------------------------------------------------------


async def accept(server: aio.LocalServer, timeout: float | None) -> aio.LocalSocket:
    return await server.accept(timeout=timeout)


async def iterate(server: aio.LocalServer, timeout: float | None) -> aio.LocalSocket:
    async with contextlib.aclosing(aiter(server)) as connections:
        return await anext(connections)


async def wait_pending(server: aio.LocalServer, timeout: float | None) -> aio.LocalSocket | None:
    """Wait, and then accept what is said to be there."""
    return server.accept_nowait() if await server.wait_pending(timeout) else None


ACCEPTING = [(call, way) for call in (accept, wait_pending) for way in EVERY_WAY]
ACCEPTING += [(iterate, way) for way in CANCELLING]  # iterating has no time-out of its own


@pytest.mark.parametrize(("first_call", "way"), ACCEPTING)
async def test_an_accept_that_is_broken_off_has_taken_no_connection(
    first_call: Callable[[aio.LocalServer, float | None], Awaitable[aio.LocalSocket | None]], way: type[Interruption]
) -> None:
    async def scenario(interrupted: Interruption) -> None:
        with contextlib.ExitStack() as clients:

            def come(number: int) -> None:
                if number > 1:  # at first it only gives way to others
                    client = clients.enter_context(localsocket.connect(NAME))
                    client.write(b"%d" % number)
                    come_in.append(b"%d" % number)

            come_in: list[bytes] = []
            seen: list[bytes] = []
            async with aio.listen(NAME) as server:
                outcome = await interrupted(first_call(server, way.timeout), come)
                accepted = [outcome.result] if outcome.result is not None else []
                come(8)
                come(9)
                while len(accepted) < len(come_in):
                    accepted.append(await server.accept(timeout=PATIENCE))
                async with closing(*accepted):
                    seen = [await connection.read(timeout=PATIENCE) for connection in accepted]
            assert seen == come_in
            assert server.open_connections == 0

    assert await at_every_suspension(way, scenario) >= (1 if first_call is wait_pending and way.timeout else 2)


# --- serving ----------------------------------------------------------------------------------------------------------


async def answer_one_line(socket: aio.LocalSocket) -> None:
    await socket.write(await socket.read_line() + b"!")


@pytest.mark.parametrize("way", CANCELLING)
async def test_a_stop_that_is_broken_off_has_stopped(way: type[Interruption]) -> None:
    async def scenario(interrupted: Interruption) -> None:
        with contextlib.ExitStack() as stack:
            serving = await aio.serve(NAME, answer_one_line)
            clients = [stack.enter_context(localsocket.connect(NAME)) for _ in range(3)]
            await turns_until(lambda: serving.server.open_connections == 3)

            def ask(number: int) -> None:
                for client in clients if number == 1 else []:
                    client.write(b"hello\n")

            outcome = await interrupted(serving.stop(timeout=None), ask)
            assert repr(serving) == "<Serving 'interrupted' stopped, 0 connections>"
            assert serving.server.open_connections == 0
            answers = [client.read(timeout=PATIENCE) for client in clients]
            has_asked = not outcome.was_interrupted or way is CancelledWhenWoken
            assert answers == [b"hello!" if has_asked else b""] * 3
            await serving.stop()
            with pytest.raises(ServerNotFound):
                await aio.connect(NAME)

    assert await at_every_suspension(way, scenario) >= 1


async def test_a_stop_that_is_cancelled_twice_leaves_its_handlers_to_end_by_themselves() -> None:
    async def take_leave(socket: aio.LocalSocket) -> None:
        try:
            await socket.read()
        finally:
            await socket.write(b"goodbye")
            leave.set_result(None)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    leave = asyncio.get_running_loop().create_future()
    serving = await aio.serve(NAME, take_leave)
    async with aio.connect(NAME) as client:
        await turns_until(lambda: serving.server.open_connections == 1)
        stopping = asyncio.create_task(serving.stop(timeout=None))
        await asyncio.sleep(0)
        stopping.cancel()
        await leave
        stopping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopping
        assert await client.read_to_end(timeout=PATIENCE) == b"goodbye"
    assert await serving.wait_stopped(PATIENCE)
    await serving.stop()


@pytest.mark.parametrize("way", CANCELLING)
async def test_a_wait_for_the_end_of_serving_that_is_broken_off_stops_nothing(way: type[Interruption]) -> None:
    async def scenario(interrupted: Interruption) -> None:
        def close(number: int) -> None:
            serving.server.close()

        async with aio.serve(NAME, answer_one_line) as serving:
            outcome = await interrupted(serving.wait_stopped(), close)
            if outcome.was_interrupted and serving.server.is_listening:
                async with aio.connect(NAME) as socket:
                    await socket.write(b"hello\n")
                    assert await socket.read_to_end(timeout=PATIENCE) == b"hello!"
                    return
        with pytest.raises(ClosedByUs):
            serving.server.accept_nowait()

    assert await at_every_suspension(way, scenario) >= 1


@pytest.mark.parametrize("opening", ["listen", "connect", "serve"])
async def test_opening_has_nothing_to_be_broken_off_at_where_nothing_is_waited_for(opening: str) -> None:
    openings: dict[str, Callable[[], aio.Opening[Any]]] = {
        "listen": lambda: aio.listen("other"),
        "connect": lambda: aio.connect(NAME),
        "serve": lambda: aio.serve("other", answer_one_line),
    }

    async def scenario(interrupted: Interruption) -> None:
        async with aio.listen(NAME), contextlib.AsyncExitStack() as stack:
            await interrupted(stack.enter_async_context(openings[opening]()), lambda _: None)

    assert await at_every_suspension(Cancelled, scenario) == 0
