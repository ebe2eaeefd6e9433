"""One thread, thousands of sockets: an epoll or kqueue loop that moves bytes and calls handlers."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Unpack

from localsocket._core import Lookout, see_to
from localsocket.blocking.connect import connect
from localsocket.blocking.event_socket import EventSocket
from localsocket.blocking.handler import Handler, check_handler
from localsocket.blocking.local_server import LocalServer
from localsocket.blocking.local_socket import LocalSocket
from localsocket.blocking.monkey_patching import check_not_patched
from localsocket.blocking.poller import READABLE, Poller
from localsocket.blocking.waiting import LONGEST_WAIT, Waker
from localsocket.deadlines import Deadline, check_seconds
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.endpoint.fork_safety import close_in_forked_child
from localsocket.errors import ClosedByUs, LocalSocketError
from localsocket.forgotten import warn_forgotten
from localsocket.interfaces import WaitingPlace
from localsocket.interrupts import part_of, tell_all
from localsocket.keywords import check_keywords
from localsocket.log_thinning import BURST_OF_HANDLERS, ThinnedLog
from localsocket.payload.places import PeersPlace, SharedPlace
from localsocket.sockets.acceptor import Acceptor
from localsocket.sockets.connection import HandedOver
from localsocket.sockets.connector import ConnectOptions, Connector
from localsocket.wire.byte_buffer import ByteBuffer
from localsocket.wire.send_queue import SendQueue


class EventLoop:
    """Drives sockets and servers in the thread that is in run(), and calls the handler of each.

    add(), connect(), serve(), call_soon(), call_later() and stop() may be called from any thread. close() ends every
    connection; call it after run() has returned. As a context manager it closes itself.
    """

    def __init__(self) -> None:
        check_not_patched("an event loop")
        self._log = ThinnedLog(logging.getLogger("localsocket.blocking"), BURST_OF_HANDLERS)
        self._poller = Poller()
        self._waker = Waker()
        self._waking = threading.RLock()  # may be taken again by a signal's handler that calls stop()
        self._targets: dict[int, Callable[[int], object]] = {self._waker.fileno(): self._on_wake}
        self._sockets: set[EventSocket] = set()
        self._acceptors: set[Acceptor] = set()
        self._ready: Iterator[tuple[int, int]] = iter(())  # what the poller has told of, and has not been seen to
        self._soon: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()
        self._due: int | None = 0  # how many of those are still called in this round; None before it comes to them
        self._timers: list[tuple[float, int, Callable[..., object], tuple[object, ...]]] = []
        self._timer_ids = itertools.count()
        self._thread: int | None = None
        self._is_stopping = False
        self._run_number = 0
        self._parent: int | None = None  # the process that goes on with it, in a forked child
        self._is_closed = False
        self._place = SharedPlace()
        self._lookout: Lookout | None = None  # once a peer has told where it is
        self._watched: PeersPlace | None = None  # of the peer that sent something last
        self._poller.register(self._waker.fileno(), READABLE)
        close_in_forked_child(self)

    # --- what it drives -----------------------------------------------------------------------------------------------

    @property
    def sockets(self) -> frozenset[EventSocket]:
        """The connections that the loop is driving."""
        return frozenset(self._sockets)

    def add(self, socket: LocalSocket, handler: Handler) -> EventSocket:
        """Take over a connected socket, including any data it has read ahead; the loop then calls `connected`.

        `socket` itself counts as closed from then on. Raises UnsuitableHandler, or Busy while another thread waits on
        the socket; the socket is then unchanged.
        """
        return self._drive(socket, check_handler(handler))

    def connect(
        self, address: str | os.PathLike[str], handler: Handler, **options: Unpack[ConnectOptions]
    ) -> EventSocket:
        """Connect as localsocket.connect() does, waiting in the calling thread, then add() the socket."""
        check_keywords("EventLoop.connect", options, ConnectOptions)
        self._check_open()
        check_handler(handler)
        socket = connect(address, **options)
        try:
            return self._drive(socket, handler)
        except BaseException:
            socket.abort()
            raise

    def connect_soon(
        self,
        address: str | os.PathLike[str],
        handler: Handler,
        *,
        on_failed: Callable[[LocalSocketError], object],
        **options: Unpack[ConnectOptions],
    ) -> None:
        """Connect without blocking, so that a handler may call it too.

        The loop calls `connected` on success, otherwise `on_failed` with the error that connect() would have raised.
        """
        check_keywords("EventLoop.connect_soon", options, ConnectOptions, ["on_failed"])
        self._check_open()
        check_handler(handler)
        self.call_soon(self._attempt, Connector(LocalSocket, address, **options), handler, on_failed)

    def serve(self, server: LocalServer, handler: Handler) -> None:
        """Accept the connections of `server` and drive each of them with `handler`, until the server is closed."""
        self._check_open()
        begin = partial(self._begin_accepted, server, check_handler(handler))
        self._acceptors.add(Acceptor(self, server, begin, self._acceptors.discard))

    # --- running ------------------------------------------------------------------------------------------------------

    def run(self, *, timeout: float | None = None) -> None:
        """Drive everything in this thread until stop() is called or `timeout` seconds have passed.

        An exception in a handler ends only its connection; KeyboardInterrupt and the like leave run(), which may be
        called again. Raises RuntimeError if another thread is running this loop.
        """
        self._check_open()
        if self._thread is not None:
            raise RuntimeError("the loop is running already")
        self._run_here(timeout)

    def _take_over(self) -> None:
        """Go on with run() in this thread, in place of the one that is in it, from where that one is.

        For when that one is held up in a handler, which has to leave run() by an exception, other than an Exception,
        instead of coming back to the loop.
        """
        self._check_open()
        self._run_here(None, goes_on=True)

    def _run_here(self, timeout: float | None, *, goes_on: bool = False) -> None:
        if (seconds := Deadline(timeout).remaining()) is not None:
            self._add_timer(time.monotonic() + seconds, self._end_run, (self._run_number,))
        self._thread = threading.get_ident()
        try:
            if goes_on:
                self._end_round()
            self._run()
        finally:
            if self._thread == threading.get_ident():  # else another thread has taken over
                self._thread = None
                self._is_stopping = False
                self._run_number += 1

    def stop(self) -> None:
        """Make run() return after its current step; if the loop is not running, the next run() returns at once."""
        self._is_stopping = True
        self._wake()

    def call_soon(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call `callback` in the loop's thread, after the events that it is handling now."""
        self._soon.append((callback, arguments))
        if threading.get_ident() != self._thread:
            self._wake()

    def call_later(self, seconds: float, callback: Callable[..., object], *arguments: object) -> None:
        """Call `callback` in the loop's thread, `seconds` from now."""
        when = time.monotonic() + check_seconds(seconds, "seconds")
        self.call_soon(self._add_timer, when, callback, arguments)

    def close(self) -> None:
        """End all connections at once and release the descriptors; servers that it served stay open.

        Calls `disconnected` for each connection, in this thread. Closing again has no effect.
        """
        if self._is_closed:
            return
        if self._thread is not None:
            raise RuntimeError("the loop is running: stop() it and let run() return first")
        self._is_closed = True  # from now on no handler can add another socket
        try:
            tell_all([each.end for each in self._acceptors] + [each._finish for each in self._sockets])
        finally:
            with contextlib.suppress(OSError):  # whatever it says, the descriptor is gone
                self._poller.close()
            with self._waking:
                self._waker.close()
            self._place.close()

    def __del__(self) -> None:
        if not getattr(self, "_is_closed", True):
            warn_forgotten(self)
            for socket in list(self._sockets):
                socket._forget()
            self.close()

    def _close_in_child(self) -> None:
        # Called right after a fork, where the lock may be held by a thread that does not exist here.
        self._waking = threading.RLock()
        self._is_closed = True
        self._parent = os.getppid()
        self._thread = None  # which does not exist here
        self._lookout = None
        self._poller.close()
        self._waker.close()

    def __enter__(self) -> EventLoop:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else "running" if self._thread is not None else "not running"
        if self._parent is not None:
            state = f"left to process {self._parent}"
        return f"<EventLoop {state}, {len(self._sockets)} sockets, {len(self._acceptors)} servers>"

    # --- for what it drives -------------------------------------------------------------------------------------------

    def _begin(self, socket: EventSocket) -> None:
        """Drive `socket` from the next turn on."""
        try:
            self._sockets.add(socket)
            self.call_soon(socket._start)
        except BaseException:  # of a signal's handler: else it might be neither driven nor closed
            socket.abort()
            raise

    def _forget(self, socket: EventSocket) -> None:
        self._sockets.discard(socket)

    def _watch(self, descriptor: int, on_events: Callable[[int], object], interest: int) -> None:
        """Have `on_events` called with what the descriptor is ready for. Any thread may call."""
        self._targets[descriptor] = on_events
        self._poller.register(descriptor, interest)

    def _watch_readable(self, descriptor: int, on_readable: Callable[[], object]) -> None:
        self._watch(descriptor, lambda _mask: on_readable(), READABLE)

    def _unwatch(self, descriptor: int) -> None:
        self._targets.pop(descriptor, None)
        with contextlib.suppress(OSError, ValueError):  # of descriptors that somebody else has closed
            self._poller.unregister(descriptor)

    def _cut(self) -> None:
        """End all connections where the loop's own thread does not come to it. Any thread may call."""
        for driven in self.sockets:
            driven._cut()

    def _join_place(self) -> WaitingPlace | None:
        """Return where this loop says on which processor it is, for one connection; None where nobody is to look."""
        return self._place.join()

    def _leave_place(self, peer: PeersPlace | None) -> None:
        self._place.leave(peer)
        self._watched = None
        self._lookout = self._place.lookout

    def _look_out_for(self, peer: PeersPlace) -> None:
        """Look for what this peer sends next, before sleeping."""
        if self._watched is peer:
            return
        self._watched = peer
        if (lookout := self._place.lookout) is not None and peer.be_watched_by(lookout):
            self._lookout = lookout

    # ------------------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        poll, timers = self._poller.poll, self._timers
        longest = part_of(LONGEST_WAIT)
        while not self._is_stopping:
            pause = 0.0 if self._soon else min(_seconds_until(timers[0][0]), longest) if timers else longest
            lookout = None if pause == 0.0 else self._lookout
            if lookout is not None and lookout.look(self._poller.fileno()):
                lookout, pause = None, 0.0
            self._ready = iter(poll(pause))
            if lookout is not None:  # it has slept, and may have woken elsewhere
                lookout.note_processor()
            self._due = None
            self._end_round()

    def _end_round(self) -> None:
        """See to what is ready, then call what is due. Whoever takes over goes on with both: so each has its turn."""
        timers = self._timers
        see_to(self._ready, self._targets)
        if self._due is None:
            self._due = len(self._soon)
        if self._due:
            self._call_what_is_due()
        if timers and timers[0][0] <= time.monotonic():
            self._fire_timers()

    def _end_run(self, run_number: int) -> None:
        if run_number == self._run_number:
            self._is_stopping = True

    def _call_what_is_due(self) -> None:
        # Only what was there before: what these calls add comes after the next look at the sockets.
        while self._due:
            self._due -= 1
            callback, arguments = self._soon.popleft()
            callback(*arguments)

    def _drive(self, socket: LocalSocket, handler: Handler) -> EventSocket:
        self._check_open()
        connection = socket._hand_over()
        driven = EventSocket(
            self, handler, connection, address=socket.address, peer=socket.peer, mode=socket.mode, limits=socket.limits
        )
        self._begin(driven)
        return driven

    def _begin_accepted(
        self,
        server: LocalServer,
        handler: Handler,
        sock: socket.socket,
        peer: PeerCredentials,
        on_closed: Callable[[], None],
    ) -> None:
        limits = server.limits
        connection = HandedOver(sock, ByteBuffer(limits.read_buffer), SendQueue(limits.write_buffer), on_closed)
        self._begin(EventSocket(self, handler, connection, address=server.address, peer=peer, mode="rw", limits=limits))

    def _attempt(
        self, connector: Connector[LocalSocket], handler: Handler, on_failed: Callable[[LocalSocketError], object]
    ) -> None:
        try:
            socket = connector.attempt()
        except LocalSocketError as error:
            on_failed(error)
            return
        if socket is None:
            self.call_later(connector.next_pause(), self._attempt, connector, handler, on_failed)
        else:
            self._drive(socket, handler)

    def _fire_timers(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            _, _, callback, arguments = heapq.heappop(self._timers)
            callback(*arguments)

    def _add_timer(self, when: float, callback: Callable[..., object], arguments: tuple[object, ...]) -> None:
        heapq.heappush(self._timers, (when, next(self._timer_ids), callback, arguments))

    def _wake(self) -> None:
        # Under the lock, since once the descriptor is closed its number may belong to another file.
        with self._waking:
            self._waker.wake()

    def _on_wake(self, _mask: int) -> None:
        self._waker.clear()

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClosedByUs("the event loop", parent=self._parent)


def _seconds_until(when: float) -> float:
    return max(0.0, when - time.monotonic())
