"""Connections of actors: a kernel that takes only so much, and loops whose turns are steps."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable
from typing import Any

from localsocket import PeerCredentials
from localsocket.aio.shared_socket import SharedSocket
from localsocket.blocking.event_socket import EventSocket
from localsocket.blocking.handler import Handler
from localsocket.blocking.poller import READABLE, WRITABLE
from localsocket.blocking.waiting import Waker
from localsocket.interfaces import Limits
from localsocket.sockets.connection import HandedOver
from localsocket.wire.byte_buffer import ByteBuffer
from localsocket.wire.send_queue import SendQueue
from schedules.scheduler import Schedule

PEER = PeerCredentials(pid=1, uid=1, gid=1)
_LIMITS = Limits(read_buffer=2**20, write_buffer=2**20)


class Kernel:
    """The sending half of a socket: takes `room` bytes, and as many again as have been read."""

    def __init__(self, schedule: Schedule, room: int) -> None:
        self._schedule = schedule
        self.room = room
        self.taken = bytearray()

    def send(self, data: bytes, flags: int = 0) -> int:
        self._schedule.step("sends")
        taken = data[: self.room]
        if not taken:
            raise BlockingIOError
        self.room -= len(taken)
        self.taken += taken
        return len(taken)


class Silent(Handler):
    """Leaves everything unread."""

    def ready_read(self, socket: object) -> None: ...


class Polling:
    """select.poll of a shared socket: to wait in it is a step."""

    def __init__(self, schedule: Schedule, sock: socket.socket, waker: Waker) -> None:
        self._schedule = schedule
        self._poll = select.poll()
        for each in (sock, waker):
            self._poll.register(each.fileno(), select.POLLIN)
        self.modify = self._poll.modify

    def poll(self, milliseconds: int | None = None) -> list[tuple[int, int]]:
        self._schedule.wait("polls", lambda: bool(self._poll.poll(0)), may_time_out=milliseconds is not None)
        return self._poll.poll(0)


class EventLoopSide:
    """A socket of an EventLoop, and the loop: what there is to do for it."""

    def __init__(self, schedule: Schedule, room: int, handler: Handler) -> None:
        self._schedule = schedule
        self._soon: list[Callable[[], object]] = []
        self._ours, self._theirs = socket.socketpair()
        self.kernel = Kernel(schedule, room)
        self._poller = self
        self.interest = 0
        self.is_stopping = False
        connection = HandedOver(self._ours, ByteBuffer(_LIMITS.read_buffer), SendQueue(_LIMITS.write_buffer), None)
        self.socket = EventSocket(self, handler, connection, address="", peer=PEER, mode="rw", limits=_LIMITS)  # type: ignore[arg-type]
        self.socket._send = self.kernel.send  # type: ignore[assignment]
        self.socket._start()
        schedule.at_end(self._close)

    def run(self) -> None:
        """Send what waits, while the peer reads, until told to stop and nothing waits."""
        while True:
            self._schedule.wait("polls", self._has_news)
            if self._soon:
                self._soon.pop(0)()
            elif self.interest & WRITABLE:
                self.kernel.room = 2**20  # the peer has read
                self.socket._on_events(WRITABLE)
            else:
                return

    def _close(self) -> None:
        self.socket._finish()
        self._theirs.close()

    @property
    def is_reading(self) -> bool:
        return bool(self.interest & READABLE)

    def _has_news(self) -> bool:
        return bool(self._soon or self.interest & WRITABLE or self.is_stopping)

    # --- what the socket calls ----------------------------------------------------------------------------------------

    def call_soon(self, callback: Callable[..., object], *arguments: object) -> None:
        self._soon.append(lambda: callback(*arguments))

    def _watch(self, descriptor: int, on_events: object, interest: int) -> None:
        self.interest = interest

    def modify(self, descriptor: int, interest: int) -> None:
        self.interest = interest

    def _unwatch(self, descriptor: int) -> None:
        self.interest = 0

    def _forget(self, socket: object) -> None:
        pass


class AsyncioSide:
    """A socket of an asyncio loop, and the loop: what there is to do for it."""

    def __init__(self, schedule: Schedule, room: int) -> None:
        self._schedule = schedule
        self._soon: list[tuple[Callable[..., object], tuple[object, ...]]] = []
        self._writer: Callable[[], object] | None = None
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self.kernel = Kernel(schedule, room)
        self.is_reading = True
        self.is_stopping = False
        self.has_begun = False
        schedule.patch.setattr(SharedSocket, "_attach", lambda socket: None)
        self.socket = SharedSocket(self._ours, address="", peer=PEER, limits=_LIMITS)
        self.socket._send = self.kernel.send  # type: ignore[assignment]
        schedule.at_end(self._close)

    def run(self, begin: Callable[[], object]) -> None:
        """Begin, then take turns until told to stop and nothing is left to do."""
        asyncio._set_running_loop(self)  # type: ignore[arg-type]
        try:
            self.socket._loop = self  # type: ignore[assignment]
            self.socket._transport = self  # type: ignore[assignment]
            begin()
            self.has_begun = True
            while True:
                self._schedule.wait("polls", self._has_news)
                if self._soon:
                    callback, arguments = self._soon.pop(0)
                    callback(*arguments)
                elif self._writer is not None:
                    self.kernel.room = 2**20  # the peer has read
                    self._writer()
                else:
                    return
        finally:
            asyncio._set_running_loop(None)

    def _close(self) -> None:
        self.socket._transport = None
        self.socket.abort()
        self._theirs.close()

    def _has_news(self) -> bool:
        return bool(self._soon or self._writer or self.is_stopping)

    # --- what the socket calls ----------------------------------------------------------------------------------------

    def call_soon(self, callback: Callable[..., object], *arguments: object) -> None:
        self._schedule.step("has it done in the loop")
        self._soon.append((callback, arguments))

    call_soon_threadsafe = call_soon

    def add_writer(self, descriptor: int, callback: Callable[[], object]) -> None:
        self._writer = callback

    def remove_writer(self, descriptor: int) -> None:
        self._writer = None

    def is_closed(self) -> bool:
        return False

    def create_future(self) -> Any:
        raise AssertionError("nobody waits here")

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True
