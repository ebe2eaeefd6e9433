"""Child processes and connected sockets with asyncio: what localsocket.spawn() promises, awaited."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from typing import Any

import pytest

from localsocket import ServerThread, Service, aio, current_call
from localsocket.errors import DeadlinePassed, UnsuitableDescriptor, Unsupported
from localsocket.services import child_processes
from localsocket.testing import PATIENCE

CHILD = """
import asyncio, sys, localsocket
from localsocket import aio
child = localsocket.Service("child")
has_called = asyncio.Event()

@child.method
async def ask(number: int) -> int:
    await has_called.wait()
    return await localsocket.current_call().caller.proxy.double(number)

async def main():
    async with aio.inherited(serves=child) as host:
        await host.proxy.note("ready")
        has_called.set()
        await host.wait_closed()

asyncio.run(main())
sys.exit(7)
"""


def host() -> tuple[Service, list[str]]:
    service, notes = Service("host"), list[str]()

    @service.method
    def note(what: str) -> None:
        notes.append(what)

    @service.method
    async def double(number: int) -> int:
        return 2 * number

    return service, notes


@pytest.mark.long
async def test_a_child_calls_and_is_called_on_its_one_socket_and_ends_with_its_connection() -> None:
    service, notes = host()
    async with aio.spawn([sys.executable, "-c", CHILD], serves=service) as child:
        assert await child.client.call("ask", 21) == 42
        assert "running" in repr(child)
    assert (notes, child.process.returncode) == (["ready"], 7)
    assert await child.close() == 7
    assert "ended with status 7" in repr(child)


async def test_a_child_that_does_not_greet_in_time_is_ended() -> None:
    with pytest.raises(DeadlinePassed):
        await aio.spawn(["/bin/sleep", "1000"], timeout=0.05)


async def test_a_program_that_is_not_there_leaves_nothing() -> None:
    with pytest.raises(FileNotFoundError):
        await aio.spawn(["/nowhere/no-such-program"])


async def test_a_child_that_goes_on_is_killed_at_the_deadline() -> None:
    script = "import localsocket, time; host = localsocket.inherited(); host.notify('ready'); time.sleep(1000)"
    service, is_ready = Service("host"), asyncio.Event()

    @service.method
    async def ready() -> None:
        is_ready.set()

    child = await aio.spawn([sys.executable, "-c", script], serves=service)
    await is_ready.wait()  # else it would end with its connection
    assert await child.close(timeout=0.05) == -signal.SIGKILL


async def test_who_stops_waiting_for_a_child_leaves_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[child_processes.Process] = []
    start_child = child_processes.start_child

    def noting(*arguments: object) -> child_processes.Process:
        started.append(start_child(*arguments))  # type: ignore[arg-type] # as they were given
        return started[-1]

    monkeypatch.setattr("localsocket.aio.children.start_child", noting)
    spawning = asyncio.create_task(aio.spawn(["/bin/sleep", "1000"]))
    async with asyncio.timeout(PATIENCE):
        while not started:
            await asyncio.sleep(0)
    spawning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await spawning
    assert started[0].returncode == -signal.SIGKILL


async def test_who_has_inherited_nothing_or_what_is_anothers_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(child_processes.VARIABLE, raising=False)
    with pytest.raises(Unsupported, match="spawn"):
        await aio.inherited()
    ours, theirs = socket.socketpair()
    with theirs:
        monkeypatch.setenv(child_processes.VARIABLE, f"{ours.detach()}:{os.getpid() + 1}")
        with pytest.raises(UnsuitableDescriptor, match=f"by process {os.getpid()}"):
            await aio.inherited()


async def test_a_service_on_a_connected_socket_serves_it_until_it_is_closed() -> None:
    service, _ = host()

    @service.method
    async def ask(number: int) -> int:
        given: int = await current_call().caller.proxy.double(number)
        return given

    ours, theirs = socket.socketpair()
    async with aio.serve_socket(ours, service) as peer, aio.Client(theirs, serves=host()[0]) as client:
        assert await client.call("ask", 4) == 8
        assert await peer.call("double", 5) == 10
        await client.close()
        assert await peer.wait_closed(PATIENCE)


async def test_a_notification_to_an_end_that_has_not_greeted_waits_for_that() -> None:
    service, notes = host()
    ours, theirs = socket.socketpair()
    async with aio.serve_socket(ours, Service("peer")) as peer:
        notifying = asyncio.create_task(peer.notify("note", "first"))
        await asyncio.sleep(0)
        async with aio.Client(theirs, serves=service), asyncio.timeout(PATIENCE):
            await notifying
            while not notes:
                await asyncio.sleep(0)
    assert notes == ["first"]


@pytest.mark.parametrize("made", [aio.Client.call, aio.Client.notify])
async def test_what_is_made_before_an_end_greets_that_serves_nothing_is_refused_then(made: Any) -> None:
    ours, theirs = socket.socketpair()
    async with aio.serve_socket(ours, host()[0]) as peer:
        making = asyncio.create_task(made(peer, "double", 5))
        await asyncio.sleep(0)
        async with aio.Client(theirs) as client, asyncio.timeout(PATIENCE):
            with pytest.raises(Unsupported, match="serves nothing"):
                await making
            assert await client.call("double", 4) == 8


async def test_the_other_end_of_a_served_socket_need_not_serve() -> None:
    ours, theirs = socket.socketpair()
    async with aio.serve_socket(ours, host()[0]) as peer, aio.Client(theirs) as client:
        assert await client.call("double", 4) == 8
        with pytest.raises(Unsupported, match="serves nothing"):
            await peer.call("double", 5)


@pytest.mark.parametrize("face", ["blocking", "aio"])
async def test_a_connected_socket_is_no_address_to_listen_at_and_that_says_what_is(face: str) -> None:
    ours, theirs = socket.socketpair()
    address = f"fd:{ours.fileno()}"

    async def serve() -> None:
        if face == "aio":
            await aio.serve(address, host()[0])
        else:
            ServerThread(address, host()[0]).start()

    with ours, theirs, pytest.raises(UnsuitableDescriptor, match="serve_socket"):
        await serve()
