"""A connection of a service, as its loop knows it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from localsocket.blocking.event_socket import EventSocket
from localsocket.services.served_call import ServedCall
from localsocket.services.session import Session
from localsocket.wire.laden_frames import ArrivedDescriptors


class Served:
    """One connection, and what the loop is to do for it."""

    __slots__ = ("caller", "is_expiring", "is_parked", "is_queued", "jobs", "session", "socket", "threads")

    session: Session
    socket: EventSocket

    def __init__(self) -> None:
        self.jobs: deque[Callable[[], ServedCall | None]] = deque()
        self.is_queued = False
        self.is_parked = False
        self.is_expiring = False
        self.threads = 0  # held up in its calls
        self.caller: Any = None  # what calls its peer, once it does


class SocketLink:
    """What a session needs of its socket."""

    __slots__ = ("_socket", "_unsent", "abort", "finish", "write")

    def __init__(self, socket: EventSocket) -> None:
        self._socket = socket
        self._unsent = socket._unsent
        self.write = socket.write
        self.abort = socket.abort
        self.finish = socket.close

    @property
    def bytes_to_write(self) -> int:
        return self._unsent.size

    def carry_descriptors(self, most: int) -> ArrivedDescriptors | None:
        return self._socket._carry_descriptors(most)

    def carry_no_descriptors(self) -> None:
        self._socket._carry_no_descriptors()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> None:
        self._socket._loop.call_later(seconds, callback)

    def set_reading(self, is_wanted: bool) -> None:
        if is_wanted:
            self._socket.resume_reading()
        else:
            self._socket.pause_reading()
