"""A server inside an event loop: accepts while it may, and watches nothing while it may not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from localsocket.blocking.connection import HandedOver
from localsocket.blocking.event_socket import EventSocket
from localsocket.blocking.handler import Handler
from localsocket.blocking.local_server import EXHAUSTION_PAUSE, LocalServer
from localsocket.blocking.poller import READABLE
from localsocket.errors import ClosedByUs
from localsocket.wire.byte_buffer import ByteBuffer
from localsocket.wire.send_queue import SendQueue

if TYPE_CHECKING:
    from localsocket.blocking.event_loop import EventLoop

# So many connections at a time, lest a flood of them keeps those that are there from being served.
_AT_ONCE = 64


class Acceptor:
    """Accepts the connections of one server for one loop."""

    def __init__(self, loop: EventLoop, server: LocalServer, handler: Handler) -> None:
        self._loop = loop
        self._server = server
        self._handler = handler
        self._descriptor = server.fileno()
        self._is_watched = False
        self._has_ended = False
        server.begin_watching(partial(loop.call_soon, self.update))
        loop.call_soon(self.update)

    def update(self) -> None:
        """Follow what the server allows now."""
        if self._has_ended:
            return
        if not self._server.is_listening:
            self.end()
        elif self._server.can_accept != self._is_watched:
            if self._is_watched:
                self._loop.unwatch(self._descriptor)
            else:
                self._loop.watch(self._descriptor, self.on_events, READABLE)
            self._is_watched = not self._is_watched

    def on_events(self, _mask: int) -> None:
        for _ in range(_AT_ONCE):
            try:
                taken = self._server.take_connection()
            except ClosedByUs:  # by another thread, or by authorize()
                break
            if taken is None:
                break
            sock, peer = taken
            limits = self._server.limits
            connection = HandedOver(
                sock,
                ByteBuffer(limits.read_buffer),
                SendQueue(limits.write_buffer),
                partial(self._server.release, peer),
            )
            socket = EventSocket(
                self._loop,
                self._handler,
                connection,
                address=self._server.address,
                peer=peer,
                mode="rw",
                limits=limits,
            )
            self._loop.begin(socket)
        if self._server.is_exhausted:
            self._loop.call_later(EXHAUSTION_PAUSE, self._retry)
        self.update()

    def end(self) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        if self._is_watched:
            self._loop.unwatch(self._descriptor)
        self._server.end_watching()
        self._loop.forget(self)

    def _retry(self) -> None:
        self._server.retry_after_exhaustion()
        self.update()
