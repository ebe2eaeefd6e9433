"""A connection of a service, as its loop knows it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from localsocket.blocking.event_socket import EventSocket
from localsocket.interfaces import WaitingPlace
from localsocket.payload.places import PeersPlace
from localsocket.services.served_call import ServedCall
from localsocket.services.session import Session
from localsocket.wire.laden_frames import ArrivedDescriptors


class Served:
    """One connection, and what the loop is to do for it."""

    __slots__ = ("caller", "is_expiring", "is_parked", "is_queued", "jobs", "link", "session", "socket", "threads")

    link: SocketLink
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

    __slots__ = ("_place", "_socket", "_unsent", "abort", "finish", "peers_place", "write")

    def __init__(self, socket: EventSocket) -> None:
        self._socket = socket
        self._unsent = socket._unsent
        self.write = socket.write
        self.abort = socket.abort
        self.finish = socket.close
        self._place: WaitingPlace | None = None
        self.peers_place: PeersPlace | None = None

    @property
    def bytes_to_write(self) -> int:
        return self._unsent.size

    def carry_descriptors(self, most: int) -> ArrivedDescriptors | None:
        return self._socket._carry_descriptors(most)

    def carry_no_descriptors(self) -> None:
        self._socket._carry_no_descriptors()

    def waiting_place(self) -> WaitingPlace | None:
        if self._place is None:
            self._place = self._socket._loop._join_place()
        return self._place

    def look_out_for(self, place: WaitingPlace) -> None:
        self.peers_place = PeersPlace(place)

    def leave_place(self) -> None:
        """The connection is over; doing it again is fine."""
        place, self._place = self._place, None
        if place is not None:
            self._socket._loop._leave_place(self.peers_place)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> None:
        self._socket._loop.call_later(seconds, callback)

    def set_reading(self, is_wanted: bool) -> None:
        if is_wanted:
            self._socket.resume_reading()
        else:
            self._socket.pause_reading()
