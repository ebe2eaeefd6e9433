"""A loop that is closed under what is open in it: that is said as a ResourceWarning, and nothing stays open."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest

import localsocket
from aio.conftest import DEBUG_LOOPS, LoopKind
from aio.ends import SMALL, attach, turns
from localsocket import SocketState, aio
from localsocket.testing import PATIENCE, set_kernel_buffer

LOOP_KINDS = DEBUG_LOOPS

T = TypeVar("T")


class Loop:
    """A loop that runs now and then, and is closed without asking anybody."""

    def __init__(self, kind: LoopKind) -> None:
        self._loop = kind.new_loop()
        self._loop.set_debug(kind.debug)
        self._loop.set_exception_handler(lambda *_: None)  # it says of each task that it was pending

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(asyncio.wait_for(main, PATIENCE))

    def close(self) -> None:
        self._loop.close()


@pytest.fixture
def loop(loop_kind: LoopKind) -> Iterator[Loop]:
    gc.collect()  # what other tests have forgotten, which else would be told of here
    loop = Loop(loop_kind)
    yield loop
    loop.close()
    forget()  # the loop's own parts of what is closed by hand since


def forget(*kept: list[Any]) -> list[str]:
    """Forget what the lists hold, and return the ResourceWarnings of that."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for things in kept:
            things.clear()
        gc.collect()
    assert {warning.category for warning in caught} <= {ResourceWarning}
    return [str(warning.message) for warning in caught]


def close_warned(loop: Loop) -> list[str]:
    """Close the loop; uvloop warns then and there of what is open."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loop.close()
    return [str(warning.message) for warning in caught]


async def wait_with(*calls: Coroutine[Any, Any, object]) -> list[asyncio.Task[object]]:
    tasks = [asyncio.ensure_future(call) for call in calls]
    await turns(6)
    return tasks


@pytest.mark.long
@pytest.mark.parametrize("attached", [False, True], ids=["not attached", "attached"])
def test_an_open_socket_warns_and_is_closed(loop: Loop, attached: bool) -> None:
    first, second = aio.pair()
    if attached:
        loop.run(attach(first))
    close_warned(loop)
    sockets = [first]
    del first
    assert any(text.startswith("unclosed <LocalSocket") for text in forget(sockets))
    assert not second.is_connected
    second.abort()


@pytest.mark.long
def test_a_socket_whose_loop_was_closed_while_it_began_to_receive_warns_and_is_closed(loop_kind: LoopKind) -> None:
    async def begin(socket: aio.LocalSocket, turns_before: int) -> None:
        reading = asyncio.ensure_future(socket.read())
        await turns(turns_before)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    for turns_before in range(6):
        loop = Loop(loop_kind)
        first, second = aio.pair()
        loop.run(begin(first, turns_before))
        close_warned(loop)
        sockets = [first]
        del first
        assert any(text.startswith("unclosed <LocalSocket") for text in forget(sockets))
        assert not second.is_connected
        second.abort()


@pytest.mark.long
def test_tasks_that_wait_on_it_change_nothing(loop: Loop) -> None:
    first, second = aio.pair()
    set_kernel_buffer(first, SMALL)
    tasks = loop.run(
        wait_with(
            first.read(), first.read_line(), first.wait_disconnected(), first.write(bytes(1 << 20)), first.flush()
        )
    )
    close_warned(loop)
    sockets = [first]
    del first
    assert any(text.startswith("unclosed <LocalSocket") for text in forget(sockets, tasks))
    assert not second.is_connected
    second.abort()


@pytest.mark.long
@pytest.mark.parametrize("end", ["close", "abort"])
@pytest.mark.parametrize("with_tasks", [False, True], ids=["", "with tasks that wait"])
def test_it_can_still_be_closed_by_hand(loop: Loop, loop_kind: LoopKind, end: str, with_tasks: bool) -> None:
    first, second = aio.pair()
    loop.run(attach(first))
    tasks = loop.run(wait_with(first.read(), first.wait_disconnected())) if with_tasks else []
    close_warned(loop)
    if end == "abort":
        first.abort()
    else:
        other = Loop(loop_kind)
        other.run(first.close())
        other.close()
    assert first.state is SocketState.CLOSED
    assert first.fileno() == -1
    assert not second.is_connected
    forget(tasks)
    second.abort()


@pytest.mark.long
def test_a_connection_of_a_server_gives_its_place_back(loop: Loop) -> None:
    async def accept() -> tuple[aio.LocalServer, aio.LocalSocket, localsocket.LocalSocket]:
        server = await aio.listen("server")
        client = localsocket.connect("server")
        accepted = await server.accept()
        await attach(accepted)
        return server, accepted, client

    server, accepted, client = loop.run(accept())
    close_warned(loop)
    assert server.open_connections == 1
    accepted.abort()
    assert server.open_connections == 0
    server.close()
    client.abort()
    sockets = [accepted]
    del accepted
    forget(sockets)


@pytest.mark.long
def test_another_loop_is_told_that_the_socket_belongs_to_the_one_that_is_closed(
    loop: Loop, loop_kind: LoopKind
) -> None:
    first, second = aio.pair()
    loop.run(attach(first))
    close_warned(loop)
    other = Loop(loop_kind)
    with pytest.raises((RuntimeError, ConnectionError, OSError)) as said:
        other.run(first.read())
    assert not isinstance(said.value, TimeoutError)
    other.close()
    first.abort()
    second.abort()
    sockets = [first]
    del first, said
    forget(sockets)


@pytest.mark.long
def test_a_socket_that_no_loop_receives_for_can_be_used_in_one_loop_after_another(
    loop: Loop, loop_kind: LoopKind
) -> None:
    first, second = aio.pair()
    second.write_nowait(b"one\ntwo\n")
    assert loop.run(first.read_line()) == b"one"
    loop.close()
    other = Loop(loop_kind)
    assert other.run(first.read_line()) == b"two"
    other.close()
    first.abort()
    second.abort()


@pytest.mark.long
def test_a_server_under_which_the_loop_is_closed_can_be_closed_or_forgotten(loop: Loop) -> None:
    async def accepting() -> tuple[aio.LocalServer, list[asyncio.Task[object]]]:
        server = await aio.listen("server")
        return server, await wait_with(server.accept())

    server, tasks = loop.run(accepting())
    close_warned(loop)
    server.close()
    assert server.fileno() == -1
    forget(tasks)
    with pytest.raises(localsocket.errors.ServerNotFound):
        localsocket.connect("server")


@pytest.mark.long
@pytest.mark.may_leave("files", reason="what a server that was forgotten leaves is for the next one to take over")
def test_a_forgotten_server_warns_and_its_address_is_free(loop: Loop) -> None:
    async def accepting() -> tuple[aio.LocalServer, list[asyncio.Task[object]]]:
        server = await aio.listen("server")
        return server, await wait_with(server.accept())

    server, tasks = loop.run(accepting())
    close_warned(loop)
    servers = [server]
    del server
    assert forget(servers, tasks)
    localsocket.listen("server").close()


@pytest.mark.long
@pytest.mark.parametrize("closed_by_hand", [False, True], ids=["forgotten", "closed"])
@pytest.mark.may_leave("files", reason="what a server that was forgotten leaves is for the next one to take over")
def test_a_served_address_is_free_and_its_connections_are_closed(loop: Loop, closed_by_hand: bool) -> None:
    async def echo(socket: aio.LocalSocket) -> None:
        while data := await socket.read():
            await socket.write(data)

    async def begin() -> aio.Serving:
        serving = await aio.serve("server", echo)
        async with aio.connect("server") as client:
            await client.write(b"hello")
            assert await client.read_exactly(5) == b"hello"
        return serving

    async def one_more() -> None:
        client.write(b"x")
        await turns(6)

    serving = loop.run(begin())
    with localsocket.connect("server") as client:
        loop.run(one_more())
        close_warned(loop)
        if closed_by_hand:
            serving.server.close()
        things = [serving]
        del serving
        assert forget(things)
        assert client.read_exactly(1, timeout=PATIENCE) == b"x"
        assert client.wait_disconnected(PATIENCE)
    localsocket.listen("server").close()


@pytest.mark.long
def test_a_loop_that_asyncio_run_closes_while_it_begins_to_receive(loop_kind: LoopKind) -> None:
    """Every task is cancelled then, also the one that nobody knows of, and which must not stop half-way."""

    async def begin(socket: aio.LocalSocket, turns_before: int) -> None:
        tasks.append(asyncio.ensure_future(socket.read()))
        await turns(turns_before)

    tasks: list[asyncio.Task[bytes]] = []
    for turns_before in range(6):
        first, second = aio.pair()
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            with asyncio.Runner(loop_factory=loop_kind.new_loop, debug=loop_kind.debug) as runner:
                runner.run(begin(first, turns_before))
        assert tasks[0].cancelled()
        sockets = [first]
        del first
        assert any(text.startswith("unclosed <LocalSocket") for text in forget(sockets, tasks))
        assert not second.is_connected
        second.abort()


@pytest.mark.long
def test_a_loop_that_asyncio_run_closes_takes_the_handlers_with_it(loop_kind: LoopKind) -> None:
    """Cancelled by asyncio, each handler closes its connection; the serving itself was forgotten, and warns."""

    async def main() -> None:
        servings.append(await aio.serve("server", wait))
        clients.extend(localsocket.connect("server") for _ in range(3))
        await turns(10)

    async def wait(socket: aio.LocalSocket) -> None:
        await socket.read()

    servings: list[aio.Serving] = []
    clients: list[localsocket.LocalSocket] = []
    with asyncio.Runner(loop_factory=loop_kind.new_loop, debug=loop_kind.debug) as runner:
        runner.run(main())
    assert servings[0].server.open_connections == 0
    assert all(client.wait_disconnected(PATIENCE) for client in clients)
    servings[0].server.close()
    forget(servings)
    for client in clients:
        client.abort()
