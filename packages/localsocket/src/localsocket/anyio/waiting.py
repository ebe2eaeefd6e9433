"""Tasks that wait on one object: one of them watches its descriptor, the others watch that one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import anyio
import anyio.lowlevel

from localsocket.sockets.hang_up import HangUpPoller

# Seconds between two looks where nothing tells.
_LOOK_AGAIN = 0.05

Watch: TypeAlias = tuple[Callable[[int], Awaitable[None]], int]
"""How to wait for something, and the descriptor to wait on."""


class Waiters:
    """The tasks that wait for one object at this moment. Each looks again by itself at what it waits for.

    A loop lets only one task wait for a descriptor: the first that comes watches it. When it leaves, for whatever
    reason, the others look again, and one of them goes on watching. Nobody may close the descriptor meanwhile.
    """

    __slots__ = ("_changed", "_watched", "_watching")

    def __init__(self) -> None:
        self._watching: anyio.CancelScope | None = None
        self._watched: list[Watch] = []
        self._changed: anyio.Event | None = None

    @property
    def are_watching(self) -> bool:
        """Whether a task watches, as one does whenever any waits."""
        return self._watching is not None

    async def wait(self, watched: list[Watch], seconds: float | None) -> bool:
        """Return after the next wake_all(), when the time is over, or when one of `watched` may be ready.

        True says that this task was the one that watched.
        """
        if self._watching is not None:
            if watched != self._watched:
                self._watching.cancel()  # whoever watches next knows better
            with anyio.move_on_after(seconds):
                await self._next_change()
            return False
        self._watched = watched
        try:
            with anyio.move_on_after(seconds) as self._watching:
                await _first_of(watched)
        finally:
            self._watching = None
            self.wake_all()
        return True

    async def wait_unwatched(self) -> None:
        """Return when nobody watches."""
        await anyio.lowlevel.checkpoint()
        while self._watching is not None:
            await self._next_change()

    def wake_all(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    async def _next_change(self) -> None:
        if self._changed is None:
            self._changed = anyio.Event()
        await self._changed.wait()


def how_to_call_soon() -> Callable[[Callable[[], object]], object]:
    """Return how to have the running loop call a function soon: from any thread, and in the midst of anything."""
    token: Any = anyio.lowlevel.current_token().native_token  # the loop of asyncio, or Trio's token
    call_soon: Callable[[Callable[[], object]], object] = (
        getattr(token, "run_sync_soon", None) or token.call_soon_threadsafe
    )
    return call_soon


async def wait_hung_up(descriptor: int) -> None:
    """Return when both directions of the connection may have ended."""
    with HangUpPoller(descriptor) as poller:
        if poller.fileno() < 0:
            await anyio.sleep(_LOOK_AGAIN)
        else:
            await anyio.wait_readable(poller.fileno())


async def _first_of(watched: list[Watch]) -> None:
    """Return when one of them is ready."""
    if not watched:
        await anyio.sleep_forever()
    elif len(watched) == 1:
        wait, descriptor = watched[0]
        await wait(descriptor)
    else:
        async with anyio.create_task_group() as group:

            async def wait_for(wait: Callable[[int], Awaitable[None]], descriptor: int) -> None:
                await wait(descriptor)
                group.cancel_scope.cancel()

            for watch in watched:
                group.start_soon(wait_for, *watch)
