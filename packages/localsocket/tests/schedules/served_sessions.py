"""A service's sessions without descriptors: what arrives is given to them, and what they send is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localsocket import PeerCredentials, Service
from localsocket.services.method import SUBSCRIBE
from localsocket.services.session import Session
from localsocket.wire.caller import Caller, OpenCall
from localsocket.wire.frames import FrameDecoder, Kind
from localsocket.wire.greeting import Greeting
from schedules.scheduler import Schedule

PEER = PeerCredentials(pid=1, uid=1, gid=1)


class Wire:
    """The link of a session: what is written to it, in the order in which that was done."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.written = bytearray()
        self.made = bytearray()  # in the order in which it was
        self.bytes_to_write = 0

    def noting(self, make: Callable[..., bytes]) -> Callable[..., bytes]:
        """Return what makes frames as `make` does, and notes that it has."""

        def noted(*parts: object) -> bytes:
            frame = make(*parts)
            self.made += frame
            return frame

        return noted

    def write(self, data: bytes) -> None:
        self._schedule.step("writes")
        self.written += data

    def abort(self) -> None:
        raise AssertionError("the session has dropped its peer")

    def set_reading(self, is_wanted: bool) -> None:
        pass


class Peer:
    """The client of a session, which gives what is to arrive, and takes what was written."""

    def __init__(self) -> None:
        self.caller = Caller(Greeting(role="client", max_message=2**20, stream_window=2**20))
        self.received: list[tuple[int, int, bytes]] = []

    def greeting(self) -> bytes:
        return self.caller.mine.encode()

    def call(self, method: str, *arguments: object) -> OpenCall:
        return self.caller.begin(method, None, arguments)

    def subscribe(self, topic: str) -> OpenCall:
        return self.call(SUBSCRIBE, topic)

    def take(self, wire: Wire) -> None:
        """Take in all that was written; PeerBrokeProtocol where that is no conversation."""
        self.received += [(kind, number, bytes(body)) for kind, number, body in FrameDecoder(2**20).feed(wire.written)]
        self.caller.feed(bytes(wire.written))

    def items(self, call: OpenCall) -> list[bytes]:
        return [body for kind, number, body in self.received if kind == Kind.ITEM and number == call.number]


def session_of(schedule: Schedule, service: Service) -> tuple[Session, Wire, Peer]:
    """Return a greeted session, what is written there, and its peer."""
    wire, peer = Wire(schedule), Peer()
    session = Session(service, PEER, wire, lambda session: None)
    session.receive(peer.greeting())
    wire.made += wire.written
    for make in ("reply", "fail", "open_stream", "item", "end_stream"):
        setattr(session._door, make, wire.noting(getattr(session._door, make)))
    return session, wire, peer


class ScriptedLoop:
    """An event loop to which it is said beforehand what happens, until it is stopped."""

    def __init__(self, schedule: Schedule, events: list[Callable[[], object]]) -> None:
        self._schedule = schedule
        self._events = events
        self._is_stopping = False
        self.sockets: frozenset[Any] = frozenset()

    def serve(self, server: object, handler: object) -> None:
        pass

    def run(self) -> None:
        while self._events or not self._is_stopping:
            self._schedule.wait("polls", lambda: bool(self._events) or self._is_stopping)
            if self._events:
                self._events.pop(0)()

    _take_over = run

    def call_soon(self, callback: Callable[..., object], *arguments: object) -> None:
        self._events.append(lambda: callback(*arguments))

    def call_later(self, seconds: float, callback: Callable[..., object], *arguments: object) -> None:
        self.call_soon(callback, *arguments)

    def stop(self) -> None:
        self._is_stopping = True

    def close(self) -> None:
        pass
