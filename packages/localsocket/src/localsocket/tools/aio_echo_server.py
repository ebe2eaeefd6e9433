"""The echo server of the asyncio faces."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator

from localsocket import aio


async def echo(socket: aio.LocalSocket) -> None:
    """Send back what comes, in the pieces in which it comes."""
    while data := await socket.read():
        await socket.write(data)


@contextlib.contextmanager
def aio_echo_thread(address: str, new_loop: Callable[[], asyncio.AbstractEventLoop]) -> Iterator[None]:
    """Serve `address` for the `with` block, from a thread with a loop of its own, which `new_loop` makes."""
    with contextlib.closing(new_loop()) as loop:
        running = threading.Thread(target=loop.run_forever, name="localsocket aio echo", daemon=True)
        running.start()
        try:
            serving = asyncio.run_coroutine_threadsafe(_serve(address), loop).result()
            try:
                yield
            finally:
                asyncio.run_coroutine_threadsafe(serving.stop(), loop).result()
        finally:
            loop.call_soon_threadsafe(loop.stop)
            running.join()


async def _serve(address: str) -> aio.Serving:
    return await aio.serve(address, echo)
