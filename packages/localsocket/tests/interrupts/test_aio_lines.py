"""A client of asyncio in which a signal's handler raises goes on, or is closed and says so, and nothing is left."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from interrupts.every_line import Interruption, at_every_line
from interrupts.test_aio_client import CALLS
from interrupts.test_client import ADDRESS, Served, check_nothing_is_under_way, served  # noqa: F401 - the fixture
from localsocket import aio
from localsocket.errors import BrokenEndpoint, CallCancelled, ClosedByPeer, ClosedByUs
from localsocket.testing import PATIENCE

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SAYS_SO = ClosedByUs, ClosedByPeer, BrokenEndpoint, CallCancelled


async def check_goes_on_or_says_so(client: aio.Client) -> None:
    with contextlib.suppress(*SAYS_SO):
        async with asyncio.timeout(PATIENCE):
            assert await client.call("add", 20, 3, timeout=PATIENCE) == 23
            assert await client.call("echo", bytes(100_000), timeout=PATIENCE) == bytes(100_000)
            while client.stats().active_calls:
                await asyncio.sleep(0.001)


@pytest.mark.long
@pytest.mark.parametrize("which", CALLS)
def test_a_client_goes_on_or_is_closed_and_says_so(served: Served, which: str) -> None:  # noqa: F811
    async def interrupted(interruption: Interruption) -> None:
        client = aio.Client(ADDRESS)
        await client.open()
        with contextlib.suppress(*SAYS_SO):
            async with asyncio.timeout(PATIENCE):
                with interruption:
                    await CALLS[which](client)
        await check_goes_on_or_says_so(client)
        await client.close()

    with asyncio.Runner() as runner:
        # What is raised in a callback is logged by the loop, which goes on.
        runner.get_loop().set_exception_handler(lambda loop, context: None)

        def scenario(interruption: Interruption) -> None:
            runner.run(interrupted(interruption))
            check_nothing_is_under_way(served)

        assert at_every_line(scenario, within_with=True) > 50
