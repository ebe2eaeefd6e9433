"""Moving bytes between a connection on this machine and a conversation on the bus, until one of them ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from localsocket.errors import ClosedByPeer, DeadlinePassed, LocalSocketError
from localsocket.sockets.caller_driven import CLOSE_TIMEOUT

logger = logging.getLogger("localsocket.bridges")


_MUCH = 256 * 1024
"""Bytes that wait for the connection, beyond which no more is taken from the bus."""


class BusConversation(Protocol):
    """What NatsSocket offers."""

    def begin(
        self,
        on_bytes: Callable[[bytes], object],
        on_end: Callable[[LocalSocketError], object],
        on_drained: Callable[[], object],
    ) -> None: ...
    def send(self, data: bytes) -> None: ...
    def set_reading(self, is_wanted: bool) -> None: ...
    async def close(self, *, timeout: float) -> None: ...


async def carry(
    bus: BusConversation,
    read: Callable[[], Awaitable[bytes]],
    write: Callable[[bytes], Awaitable[object]],
    on_lost: Callable[[LocalSocketError], object],
) -> None:
    """Carry until `read` gives nothing, or either side fails; what has come from the bus by then is written."""
    outgoing: list[bytes] = []
    over, has_more = asyncio.Event(), asyncio.Event()

    def take(data: bytes) -> None:
        outgoing.append(data)
        has_more.set()
        if sum(map(len, outgoing)) > _MUCH:
            bus.set_reading(False)

    def end(error: LocalSocketError) -> None:
        on_lost(error)
        over.set()

    async def write_on() -> None:
        while True:
            await has_more.wait()
            has_more.clear()
            data = b"".join(outgoing)
            outgoing.clear()
            await write(data)
            bus.set_reading(True)

    async def read_on() -> None:
        with contextlib.suppress(LocalSocketError, OSError):
            while data := await read():
                bus.send(data)
        over.set()

    bus.begin(take, end, lambda: None)
    tasks = [asyncio.create_task(write_on()), asyncio.create_task(read_on())]
    try:
        await over.wait()
        with contextlib.suppress(LocalSocketError, OSError):
            if outgoing:
                await write(b"".join(outgoing))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await bus.close(timeout=CLOSE_TIMEOUT)
        except (ClosedByPeer, DeadlinePassed) as loss:  # of bytes whose sender was told that they are on their way
            logger.warning("what was said over the bus has not all been sent: %s", loss)
