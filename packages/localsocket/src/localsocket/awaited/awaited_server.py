"""The waiting calls of a server, awaited: everything but how a task waits, which asyncio and anyio do differently."""

from __future__ import annotations

import abc
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from localsocket.deadlines import Deadline
from localsocket.errors import ClosedByUs, DeadlinePassed
from localsocket.sockets.server import EXHAUSTION_PAUSE, Accepted, Server


class AwaitedServer(Server[Accepted]):
    """A listening local server whose waiting calls are coroutines.

    As an async context manager it closes itself; connections that were accepted stay open. Iterating gives connections
    until the server is closed.
    """

    async def accept(self, *, timeout: float | None = None) -> Accepted:
        """Return the next connection, waiting for one."""
        deadline = Deadline(timeout)
        await self._let_others_run()  # where clients never stop coming, their handlers still have to
        while (connection := self.accept_nowait()) is None:
            if deadline.has_passed():
                raise deadline.error(f"accepting a connection at {self.address!r}")
            seconds = deadline.remaining()
            if self._is_exhausted:
                seconds = EXHAUSTION_PAUSE if seconds is None else min(seconds, EXHAUSTION_PAUSE)
            await self._wait(seconds)
            self._is_exhausted = False
        return connection

    async def wait_pending(self, timeout: float | None = None) -> bool:
        """Wait until accept_nowait() would return a connection; return False if the time runs out first."""
        try:
            connection = await self.accept(timeout=timeout)
        except DeadlinePassed:
            return False
        self._keep(connection, first=True)
        return True

    async def __aiter__(self) -> AsyncIterator[Accepted]:
        while True:
            try:
                connection = await self.accept()
            except ClosedByUs:
                return
            yield connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- for a face to fill in ----------------------------------------------------------------------------------------

    @abc.abstractmethod
    async def _wait(self, seconds: float | None) -> None:
        """Return when a connection may be there, when _wake_waiters() was called, or when the time is over."""

    @abc.abstractmethod
    async def _let_others_run(self) -> None:
        """Give way to the other tasks once."""
