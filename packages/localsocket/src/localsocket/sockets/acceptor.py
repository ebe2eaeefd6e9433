"""A server inside a loop: accepts while it may, and watches nothing while it may not."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import ClosedByUs
from localsocket.sockets.server import EXHAUSTION_PAUSE, Server

# So many connections at a time, lest a flood of them keeps those that are there from being served: beginning one, and
# hearing what it says first, takes up to a millisecond.
_AT_ONCE = 8


class AcceptingLoop(Protocol):
    """What a loop does for an Acceptor."""

    def call_soon(self, callback: Callable[[], object], /) -> object:
        """Call it from the loop's thread; any thread may ask."""

    def call_later(self, seconds: float, callback: Callable[[], object], /) -> object: ...

    def _watch_readable(self, descriptor: int, callback: Callable[[], object], /) -> object: ...

    def _unwatch(self, descriptor: int, /) -> object: ...


class Acceptor:
    """Accepts the connections of one server for one loop, and gives each, with its peer, to `begin`."""

    def __init__(
        self,
        loop: AcceptingLoop,
        server: Server[Any],
        begin: Callable[[socket.socket, PeerCredentials, Callable[[], None]], object],
        on_end: Callable[[Acceptor], object],
    ) -> None:
        self._loop = loop
        self._server = server
        self._begin = begin
        self._on_end = on_end
        self._descriptor = server.fileno()
        self._is_watched = False
        self._has_ended = False
        server._begin_watching(partial(loop.call_soon, self.update))
        loop.call_soon(self.update)

    def update(self) -> None:
        """Follow what the server allows now."""
        if self._has_ended:
            return
        if not self._server.is_listening:
            self.end()
        elif self._server._can_accept != self._is_watched:
            if self._is_watched:
                self._loop._unwatch(self._descriptor)
            else:
                self._loop._watch_readable(self._descriptor, self._accept)
            self._is_watched = not self._is_watched

    def end(self) -> None:
        """Accept nothing more; doing it again is fine."""
        if self._has_ended:
            return
        self._has_ended = True
        if self._is_watched:
            self._loop._unwatch(self._descriptor)
        self._server._end_watching()
        self._on_end(self)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                taken = self._server._take_connection()
            except ClosedByUs:  # by another thread, or by authorize()
                break
            if taken is None:
                break
            self._begin(*taken)
        if self._server._is_exhausted:
            self._loop.call_later(EXHAUSTION_PAUSE, self._retry)
        self.update()

    def _retry(self) -> None:
        self._server._is_exhausted = False
        self.update()
