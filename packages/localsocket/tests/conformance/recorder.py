"""A handler that writes down what it is told, and checks with each event what the event promises."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import ClassVar

from localsocket import EventSocket, Handler, SocketState
from localsocket.errors import LocalSocketError

PATIENCE = 60.0


class Recorder(Handler):
    """Remembers the events of each socket, in order, and reads nothing.

    Derive from it to act on an event, and call the method here first. Qt's test checks with each signal that it is
    true (I1 to I6); here a promise that does not hold goes into `broken`, which a fixture looks at after each test:
    an assertion would only close the connection.
    """

    made: ClassVar[list[Recorder]] = []

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.errors: list[LocalSocketError] = []
        self._events: defaultdict[EventSocket, list[str]] = defaultdict(list)
        self._changed = threading.Condition()
        self.made.append(self)

    # --- the events ---------------------------------------------------------------------------------------------------

    def connected(self, socket: EventSocket) -> None:
        # I1 and I2: there is a connection, and it can be used.
        self._note(socket, "connected", socket.state is not SocketState.CLOSED and socket.peer.pid > 0)

    def ready_read(self, socket: EventSocket) -> None:
        self._note(socket, "ready_read", socket.bytes_available > 0)  # I6

    def bytes_written(self, socket: EventSocket, count: int) -> None:
        self._note(socket, "bytes_written", count > 0)

    def end_of_stream(self, socket: EventSocket) -> None:
        self._note(socket, "end_of_stream", socket.is_at_end == (not socket.bytes_available))
        super().end_of_stream(socket)

    def failed(self, socket: EventSocket, error: LocalSocketError) -> None:
        self.errors.append(error)
        self._note(socket, "failed", len(str(error)) > len(type(error).__name__))  # I4: it says what happened

    def disconnected(self, socket: EventSocket) -> None:
        # I3; there is no stateChanged (I5): each event tells the state.
        self._note(socket, "disconnected", socket.state is SocketState.CLOSED and socket.fileno() < 0)

    # --- what was written down ----------------------------------------------------------------------------------------

    @property
    def sockets(self) -> list[EventSocket]:
        """Every socket there was, in the order of their first events."""
        return list(self._events)

    def events(self, socket: EventSocket | None = None) -> list[str]:
        """Return the events of `socket`, or of the only one there was, or of none."""
        if socket is None:
            assert len(self._events) <= 1, "several sockets: say which"
            return [event for events in self._events.values() for event in events]
        return list(self._events[socket])

    def count(self, event: str) -> int:
        return sum(events.count(event) for events in list(self._events.values()))

    def wait_for(self, event: str, times: int = 1) -> None:
        """Wait until `event` has happened so many times, whichever socket it was."""
        self.wait_until(lambda: self.count(event) >= times, f"{event} x {times}")

    def wait_until(self, is_true: Callable[[], bool], what: str) -> None:
        """Wait for something that can only become true with an event."""
        with self._changed:
            if not self._changed.wait_for(is_true, PATIENCE):
                raise AssertionError(f"waited in vain for {what}; there was {dict(self._events)}")

    @contextlib.contextmanager
    def acting(self) -> Iterator[None]:
        """Do what somebody may be waiting for, inside an event."""
        with self._changed:
            yield
            self._changed.notify_all()

    def check(self) -> None:
        """Raise AssertionError unless every event was true, and every socket's were in order."""
        assert not self.broken, self.broken
        for socket, events in self._events.items():
            context = f"{socket!r}: {events}"
            assert events[0] == "connected", context
            assert events.count("connected") == 1, context
            for once in ("end_of_stream", "failed", "disconnected"):
                assert events.count(once) <= 1, context
            if "disconnected" in events:
                assert events[-1] == "disconnected", context
            if "failed" in events:
                assert events[-2:] == ["failed", "disconnected"], context

    def _note(self, socket: EventSocket, event: str, holds: bool) -> None:
        with self.acting():
            self._events[socket].append(event)
            if not holds:
                self.broken.append(f"{event}, and yet {socket!r}")


class Reader(Recorder):
    """Also reads everything that arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.received: defaultdict[EventSocket, bytes] = defaultdict(bytes)

    def ready_read(self, socket: EventSocket) -> None:
        super().ready_read(socket)
        with self.acting():
            self.received[socket] += socket.read_available()

    @property
    def all_received(self) -> bytes:
        return b"".join(self.received.values())

    def wait_for_bytes(self, count: int) -> None:
        self.wait_until(lambda: len(self.all_received) >= count, f"{count} bytes")
