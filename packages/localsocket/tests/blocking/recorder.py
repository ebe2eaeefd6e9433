"""A handler that notes what it is told, and a way to turn a loop until something is true."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from localsocket import EventLoop, EventSocket, Handler
from localsocket.errors import LocalSocketError
from localsocket.testing import PATIENCE


class Recorder(Handler):
    """Notes the events in order, in `events`, and reads everything that arrives, into `received`.

    `reads=False` leaves the bytes where they are, `stays_open=True` does not close when the peer has finished sending.
    """

    def __init__(self, *, reads: bool = True, stays_open: bool = False) -> None:
        self.events: list[str] = []
        self.received = b""
        self.errors: list[LocalSocketError] = []
        self.written = 0
        self.sockets: list[EventSocket] = []
        self.reads = reads
        self._stays_open = stays_open
        self._changed = threading.Condition()

    def connected(self, socket: EventSocket) -> None:
        self.sockets.append(socket)
        self._note("connected")

    def ready_read(self, socket: EventSocket) -> None:
        if self.reads:
            self.received += socket.read_available()
        self._note("ready_read")

    def bytes_written(self, socket: EventSocket, count: int) -> None:
        self.written += count
        self._note("bytes_written")

    def end_of_stream(self, socket: EventSocket) -> None:
        self._note("end_of_stream")
        if not self._stays_open:
            super().end_of_stream(socket)

    def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
        self.errors.append(error)
        self._note("failed")

    def disconnected(self, socket: EventSocket) -> None:
        self._note("disconnected")

    def count(self, event: str) -> int:
        return self.events.count(event)

    def wait_for(self, event: str, count: int = 1) -> None:
        """Wait until the event has come `count` times, from a loop in another thread."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: self.count(event) >= count, PATIENCE)
        assert arrived, f"waited for {event}, and there was {self.events}"

    def _note(self, event: str) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()


def turn(loop: EventLoop, until: Callable[[], object]) -> None:
    """Run the loop here, a little at a time, until the condition holds."""
    end = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < end, "waited too long"
        loop.run(timeout=0.001)


def turn_idle(loop: EventLoop) -> None:
    """Run the loop until two looks in a row have found nothing to do, so that what was to happen has happened."""
    for _ in range(3):
        loop.run(timeout=0)
