"""Closed loops over many sockets of the blocking package's event loop."""

from __future__ import annotations

from typing import Self

from localsocket.blocking.event_loop import EventLoop
from localsocket.blocking.event_socket import EventSocket
from localsocket.blocking.handler import Handler
from localsocket.errors import ClosedByPeer, LocalSocketError
from localsocket.tools.closed_loop import ClosedLoops


class SocketFactory(ClosedLoops, Handler):
    """Opens many sockets and drives them from one EventLoop."""

    def __init__(self, address: str, *, connections: int, chunk_bytes: int) -> None:
        super().__init__(address, connections=connections, chunk_bytes=chunk_bytes)
        self._loop = EventLoop()
        self._sockets: list[EventSocket] = []
        self._has_begun = False
        self._error: LocalSocketError | None = None

    def __enter__(self) -> Self:
        try:
            for stream in self.streams:
                socket = self._loop.connect(self.address, self)
                socket.context = stream
                self._sockets.append(socket)
        except BaseException:
            self._loop.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.close()

    def _drive(self, seconds: float) -> None:
        if not self._has_begun:
            self._has_begun = True
            for socket in self._sockets:
                socket.write(socket.context.first_chunk)
        self._loop.run(timeout=seconds)
        if self._error is not None:
            raise self._error

    def _finish(self) -> None:
        self._loop.stop()

    # --- the sockets' events ------------------------------------------------------------------------------------------

    def ready_read(self, socket: EventSocket) -> None:
        socket.write(self.answer(socket.context, socket.read_available()))

    def end_of_stream(self, socket: EventSocket) -> None:
        self.failed(socket, ClosedByPeer("exchanging data"))

    def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
        self._error = error
        self._loop.stop()
