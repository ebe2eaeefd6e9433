"""No socket keeps the other tasks of its loop from running."""

from __future__ import annotations

import asyncio

from aio.ends import closing
from localsocket import aio


async def test_a_peer_that_always_has_something_lets_other_tasks_run() -> None:
    """As does one that sends faster than what it sends is dealt with; time-outs and cancelling need the loop too."""
    reader, writer = aio.pair()
    async with closing(reader, writer):
        other = asyncio.create_task(asyncio.sleep(0))
        for _ in range(1000):
            writer.write_nowait(b"x")
            assert await reader.read() == b"x"
        assert other.done()
