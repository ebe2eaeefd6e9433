"""The echo server of the asyncio faces."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from localsocket import aio
from localsocket.testing import AioFace


async def echo(socket: aio.LocalSocket) -> None:
    """Send back what comes, in the pieces in which it comes."""
    while data := await socket.read():
        await socket.write(data)


@contextlib.contextmanager
def aio_echo_thread(address: str, new_loop: Callable[[], asyncio.AbstractEventLoop]) -> Iterator[None]:
    """Serve `address` for the `with` block, from a thread with a loop of its own, which `new_loop` makes."""

    async def serve() -> aio.Serving:
        return await aio.serve(address, echo)

    with AioFace(new_loop) as thread:
        serving = thread.wait_for(serve())
        try:
            yield
        finally:
            thread.wait_for(serving.stop())
