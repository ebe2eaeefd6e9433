"""Accepting and connecting in a loop that is interrupted before any line costs no place and no descriptor."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from types import ModuleType
from typing import Any

import pytest

import localsocket
from interrupts.every_line import Interruption, at_every_line
from localsocket import aio
from localsocket import anyio as trio_too
from localsocket.errors import LocalSocketError
from localsocket.testing import PATIENCE, wait_until

# A socket that an interrupt has cut off from its owner is closed by the garbage collector, which says so; and what was
# called and not awaited yet says that too.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
]

ADDRESS = "interrupts.awaited"
MOST_PLACES = 3

Scenario = Callable[[Any, Interruption], Coroutine[Any, Any, None]]


@pytest.fixture(params=[aio, trio_too], ids=["asyncio", "anyio"])
def face(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        # What is raised in a callback is logged by the loop, which goes on.
        runner.get_loop().set_exception_handler(lambda loop, context: None)
        yield runner


async def accept_what_waits(server: Any) -> None:
    while (accepted := server.accept_nowait()) is not None:
        accepted.abort()


async def accept_at_once(server: Any, interruption: Interruption) -> None:
    with localsocket.connect(ADDRESS) as client:
        with interruption:
            (await server.accept(timeout=PATIENCE)).abort()
        with contextlib.suppress(LocalSocketError):
            client.write(b"anybody there?")
    await accept_what_waits(server)


async def look_for_pending_ones(server: Any, interruption: Interruption) -> None:
    with localsocket.connect(ADDRESS), interruption:
        assert await server.wait_pending(PATIENCE)
    await accept_what_waits(server)


@pytest.mark.long
@pytest.mark.parametrize("scenario", [accept_at_once, look_for_pending_ones])
def test_accepting_takes_no_place_for_good(face: ModuleType, runner: asyncio.Runner, scenario: Scenario) -> None:
    async def listen() -> Any:
        return await face.listen(ADDRESS, max_connections=MOST_PLACES)

    server = runner.run(listen())
    try:

        def interrupted(interruption: Interruption) -> None:
            runner.run(scenario(server, interruption))
            wait_until(lambda: server.open_connections == 0, "every place to be given back", timeout=30)

        assert at_every_line(interrupted, within_with=True) > 50
    finally:
        server.close()


@pytest.mark.long
def test_connecting_leaves_nothing_open(face: ModuleType, runner: asyncio.Runner) -> None:
    async def connect(interruption: Interruption) -> None:
        with interruption:
            (await face.connect(ADDRESS)).abort()

    with localsocket.listen(ADDRESS, max_connections=MOST_PLACES) as server:

        def interrupted(interruption: Interruption) -> None:
            runner.run(connect(interruption))
            with localsocket.connect(ADDRESS):
                pass
            while server.pending_connections:
                with server.accept() as accepted:
                    assert accepted.read_to_end(timeout=PATIENCE) == b""

        assert at_every_line(interrupted, within_with=True) > 50
