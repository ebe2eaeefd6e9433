"""A transport whose bytes are received by somebody else, who can take what comes beside them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial

from localsocket.owned_descriptor import OwnedDescriptor


class ReadingTransport(asyncio.Transport):
    """Stands in the place of the loop's own transport, which reads no more, and still ends the connection.

    `on_readable` is called while there is something to be received. The loop does not tell of a descriptor that a
    transport of its has, so it watches a copy of it. Raises OSError where there can be none.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        descriptor: int,
        on_readable: Callable[[], object],
    ) -> None:
        super().__init__()
        self._copy = OwnedDescriptor(-1)
        self._loop = loop
        self._transport = transport
        self._on_readable = on_readable
        self._copy = OwnedDescriptor.made_by(partial(os.dup, descriptor))
        self._copy._is_owned = True
        was_reading = transport.is_reading()
        transport.pause_reading()
        if was_reading:
            self.resume_reading()

    def pause_reading(self) -> None:
        if self._copy.number >= 0:
            self._loop.remove_reader(self._copy.number)

    def resume_reading(self) -> None:
        if self._copy.number >= 0:
            self._loop.add_reader(self._copy.number, self._on_readable)

    def abort(self) -> None:
        self._stop()
        self._transport.abort()

    def given_up(self) -> asyncio.Transport:
        """Return the loop's own transport, which reads again."""
        self._stop()
        self._transport.resume_reading()
        return self._transport

    def _stop(self) -> None:
        if self._copy.number >= 0 and not self._loop.is_closed():
            self._loop.remove_reader(self._copy.number)
        self._copy.close()

    def __del__(self) -> None:
        self._copy.close()
