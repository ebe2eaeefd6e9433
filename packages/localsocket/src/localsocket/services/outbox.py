"""What goes out on one connection of a service: in the order in which it was made, whatever threads make it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Protocol

from localsocket.errors import LocalSocketError, WriteBufferFull
from localsocket.interfaces import WaitingPlace
from localsocket.interrupts import tell_all
from localsocket.services.tally import Tally
from localsocket.wire.laden_frames import ArrivedDescriptors
from localsocket.wire.send_queue import join_small


class Link(Protocol):
    """The connection below a session. Any thread may call."""

    @property
    def bytes_to_write(self) -> int: ...

    def write(self, data: bytes) -> None:
        """Send, or queue what the kernel does not take now. Raises as write_nowait() does."""

    def abort(self) -> None: ...

    def finish(self) -> None:
        """End the connection, of which everything that was written has been sent, or never will be."""

    def call_later(self, seconds: float, callback: Callable[[], object]) -> None:
        """Have the loop of the connection call back, unless that ends before."""

    def set_reading(self, is_wanted: bool) -> None:
        """Read, or do not, until told otherwise. What was said last holds, also where it is done later."""

    def carry_descriptors(self, most: int) -> ArrivedDescriptors | None:
        """From what arrives next on, take descriptors too, `most` at once; None where there can be none."""

    def carry_no_descriptors(self) -> None:
        """Take none any more."""

    def waiting_place(self) -> WaitingPlace | None:
        """Return where its loop says on which processor it is; None where nobody is to look. It may be asked again."""

    def look_out_for(self, place: WaitingPlace) -> None:
        """The peer says there on which processor it is: look for what it sends before the loop sleeps."""


class Outbox:
    """The frames of one connection on their way out.

    Who makes a frame holds `lock` from before that until it is put here, and putting it hands it to the link. So only
    the thread that holds the lock sends, and what is made before something else is sent before it. The lock is one
    that its thread may take again: a signal's handler or a destructor may publish in the midst of anything.
    """

    def __init__(self, link: Link, limit: int, tally: Tally, on_unread: Callable[[str], object]) -> None:
        self.lock = threading.RLock()
        self._link = link
        self._limit = limit
        self._tally = tally
        self._on_unread = on_unread
        self._held: list[bytes] | None = None
        self._held_size = 0
        self._holder: object | None = None
        self._is_finishing = False
        self._is_paused = False  # until the peer has read what was sent
        self.is_reading_wanted = True
        self._is_reading_needed = False  # whatever else is so: answers to this side's own calls are on their way
        self._is_reading = True
        self._waiting_for_room: list[Callable[[], object]] = []

    @property
    def has_room(self) -> bool:
        """Whether more may be made for the peer."""
        return self._held_size + self._link.bytes_to_write < self._limit

    def ignore_limit(self) -> None:
        """The peer is gone: nobody is to wait for it."""
        self._limit = sys.maxsize

    def put(self, frame: bytes) -> None:
        """Send the frame, or hold it back; under the lock, since before it was made."""
        if self._held is None:
            self._write(frame)
        else:
            self._held.append(frame)
            self._held_size += len(frame)

    def finish(self) -> None:
        """End the connection once everything that was put here is sent, however slowly the peer reads it."""
        if not self._is_finishing:
            self._is_finishing = True
            self.when_room(self._link.finish)

    def hold(self) -> object:
        """Gather what is put until release() of what this returns."""
        with self.lock:
            if self._held is None:
                self._held = []
            holder = self._holder = object()
            return holder

    def release(self, holder: object) -> None:
        """Send what was gathered, unless that has been done, or somebody else gathers meanwhile."""
        with self.lock:
            if holder is not self._holder or self._held is None:
                return
            held, self._held = self._held, None
            self._held_size = 0
            for data in join_small(held):
                self._write(data)
            is_sent = not self._link.bytes_to_write
        if is_sent and self._waiting_for_room:
            self.sent()

    def when_room(self, callback: Callable[[], object]) -> None:
        """Call back once the peer has read what was sent: here, where it has by now."""
        with self.lock:
            self._waiting_for_room.append(callback)
            is_sent = self._held is None and not self._link.bytes_to_write
        if is_sent:
            self.sent()

    def sent(self) -> None:
        """Everything that waited to be sent is sent, or will never be."""
        with self.lock:
            waiting, self._waiting_for_room = self._waiting_for_room, []
            if self._is_paused and self._link.bytes_to_write < self._limit:  # else there is more to be sent by now
                self._is_paused = False
                self._follow_reading()
        tell_all(waiting)

    def set_reading(self, is_wanted: bool) -> None:
        """Read, or do not, as far as the peer reads what it is sent; what was said last holds."""
        if is_wanted != self.is_reading_wanted:
            with self.lock:
                self.is_reading_wanted = is_wanted
                self._follow_reading()

    def need_reading(self, *, is_needed: bool) -> None:
        """Read whatever set_reading() says, and although the peer does not read; under the lock."""
        if is_needed is not self._is_reading_needed:
            self._is_reading_needed = is_needed
            self._follow_reading()

    def _write(self, data: bytes) -> None:
        self._tally.bytes_sent += len(data)
        link = self._link
        try:
            link.write(data)
        except WriteBufferFull as error:
            self._on_unread(f"it does not read: {error.queued} bytes are waiting for it")
        except LocalSocketError:
            return  # the connection is lost, which the session is told
        # No more calls while too much waits to be sent. Who sends it says sent() afterwards, and waits for the lock.
        if not self._is_paused and link.bytes_to_write >= self._limit:
            self._is_paused = True
            self._follow_reading()

    def _follow_reading(self) -> None:
        is_reading = self._is_reading_needed or (self.is_reading_wanted and not self._is_paused)
        if is_reading != self._is_reading:
            self._is_reading = is_reading
            self._link.set_reading(is_reading)
