"""One connection that many threads wait on for different things: one of them receives for all."""

from __future__ import annotations

import select
import socket
import threading
from collections import deque
from collections.abc import Callable
from functools import partial

from localsocket._core import Lookout
from localsocket.blocking.waiting import READABLE, WRITABLE, Waker, milliseconds
from localsocket.deadlines import Deadline
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import BrokenEndpoint, ClosedByPeer, ClosedByUs, LocalSocketError
from localsocket.interfaces import DEFAULT_LIMITS, Limits, OpenMode, SocketState, WaitingPlace
from localsocket.interrupts import part_of, while_held
from localsocket.payload.places import OwnPlace, PeersPlace, take_place
from localsocket.sockets.connected_socket import ConnectedSocket
from localsocket.sockets.connection import RECEIVE_SIZE


class Turn:
    """What a thread waits for: `is_done` is set, with finish(), under the lock of the socket, by whoever brings it."""

    __slots__ = ("_bell", "is_done")

    def __init__(self) -> None:
        self.is_done = False
        self._bell: threading.Lock | None = None  # made by the thread, under the lock, when it has to sleep

    def finish(self) -> None:
        self.is_done = True
        self.ring()

    def prepare_to_sleep(self) -> None:
        if self._bell is None:
            self._bell = threading.Lock()
            self._bell.acquire()

    def sleep(self, seconds: float | None) -> None:
        """Wait until ring(), or until the time is over; in the main thread it may come back sooner."""
        assert self._bell is not None
        self._bell.acquire(timeout=part_of(seconds))

    def ring(self) -> None:
        if self._bell is not None and self._bell.locked():
            self._bell.release()


class SharedSocket(ConnectedSocket):
    """A connected socket whose bytes are handed out as they arrive, to what begin() says; for any number of threads.

    A thread that waits for something receives, and takes in what is for others too; those sleep meanwhile. When it has
    what it waited for, the next in line goes on. `lock` is held while anything of what begin() says is called.
    """

    __slots__ = (
        "_flushing",
        "_line",
        "_lookout",
        "_on_bytes",
        "_on_end",
        "_place",
        "_poll",
        "_receiver",
        "_waker",
        "lock",
    )

    def __init__(
        self,
        sock: socket.socket,
        *,
        address: str,
        peer: PeerCredentials,
        mode: OpenMode = "rw",
        limits: Limits = DEFAULT_LIMITS,
        on_closed: Callable[[], None] | None = None,
    ) -> None:
        self.lock = threading.RLock()  # the garbage collector may close a stream in the midst of anything
        self._line: deque[Turn] = deque()
        self._receiver: Turn | None = None
        self._flushing: list[Turn] = []
        self._place: OwnPlace | None = None
        self._lookout: Lookout | None = None  # once the peer has told where it is
        self._on_bytes: Callable[[bytes], object]
        self._on_end: Callable[[LocalSocketError], object]
        try:
            self._waker = Waker()
        except OSError as error:
            sock.close()
            raise BrokenEndpoint("making a descriptor to be woken by", error) from error
        self._poll = select.poll()
        self._poll.register(self._waker.fileno(), READABLE)
        self._poll.register(sock.fileno(), READABLE)
        super().__init__(sock, address=address, peer=peer, mode=mode, limits=limits, on_closed=on_closed)

    def begin(self, on_bytes: Callable[[bytes], object], on_end: Callable[[LocalSocketError], object]) -> None:
        """From now on call `on_bytes` with what arrives, and `on_end` with why nothing more will."""
        self._on_bytes = on_bytes
        self._on_end = on_end
        self._is_owned = True

    def waiting_place(self) -> WaitingPlace | None:
        """Return where this end says on which processor it is; None where nobody is to look."""
        self._place = take_place()
        return None if self._place is None else self._place.told

    def look_out_for(self, place: WaitingPlace | None) -> None:
        """The peer says there, if so, on which processor it is: look for what it sends before sleeping."""
        own = self._place
        if own is None:
            return
        if place is not None and PeersPlace(place).be_watched_by(own.lookout):
            self._lookout = own.lookout
        else:
            own.close()

    def wait(self, turn: Turn, deadline: Deadline) -> bool:
        """Wait until the turn is done, receiving for all if nobody else does; False when the time is over before."""
        try:
            with self.lock:
                if turn.is_done:
                    return True
                if is_mine := self._receiver is None:
                    self._receiver = turn
            if is_mine or self._wait_in_line(turn, deadline):
                self._receive_for_all(turn, deadline)
            if self._receiver is turn or self._line:
                self._leave(turn)
            return turn.is_done
        except BaseException:
            self._leave(turn)  # wherever a signal's handler raised: else nobody would receive any more
            raise

    def wait_sent(self, deadline: Deadline) -> bool:
        """Wait until the kernel has accepted everything that was written; return False if the time runs out first."""
        turn = Turn()
        with self.lock:
            if not self._unsent:
                return True
            self._flushing.append(turn)
        return self.wait(turn, deadline)

    def check_none_lost(self) -> None:
        """Raise, with how much, where something was accepted and not sent. What was refused its writer knows."""
        with self._lock:
            if self._unsent:
                raise ClosedByPeer("closing", unsent=len(self._unsent))
            if self._lost:
                self._check_can_be_sent()

    def write_unless_busy(self, data: bytes) -> bool:
        """Send, or queue, `data`; False, and nothing was done, while a thread does so already: this one, maybe.

        For the garbage collector, which runs in the midst of anything. Nothing is said of a connection that is lost.
        """
        if self._lock._is_owned():  # type: ignore[attr-defined]
            return False
        return while_held(self._lock, 0, partial(self._write_some, data), bool)

    def _write_some(self, data: bytes) -> bool:
        was_queued = bool(self._unsent.size)
        try:
            sent = 0 if was_queued or not self._is_writable else self._send_some(data)
            if sent < len(data) and self._is_writable:
                self._unsent.append(data[sent:])
                self._has_queued()
        except BaseException:
            self._interrupted_write(len(data), was_queued=was_queued)
            raise
        return True

    def broken_off(self) -> LocalSocketError | None:
        """Return why nothing can be sent any more, if so."""
        with self._lock:
            return None if self._write_failure is None else self._write_failure()

    def close_soon(self) -> None:
        """Send what the kernel takes now, and close; who waits is told by whoever calls this."""
        with self._lock:
            if self._state is SocketState.CONNECTED:
                self._push()
            self._finish_closing()

    def wake_receiver(self) -> None:
        """Have whoever receives look whether its turn is done."""
        self._waker.wake()

    def _close_in_child(self) -> None:
        self.lock = threading.RLock()  # the other may be held by a thread that does not exist here
        super()._close_in_child()
        self._waker.close()

    # --- taking turns -------------------------------------------------------------------------------------------------

    def _wait_in_line(self, turn: Turn, deadline: Deadline) -> bool:
        """Return whether it is this thread that receives now; else the turn is done, or the time is over."""
        with self.lock:
            turn.prepare_to_sleep()
            self._line.append(turn)
            self._wake_next()  # who received may have stopped meanwhile
        while not turn.is_done and not deadline.has_passed():
            turn.sleep(deadline.remaining())
            with self.lock:
                if not turn.is_done and self._receiver is None:
                    self._receiver = turn
                    self._line.remove(turn)
                    return True
        return False

    def _leave(self, turn: Turn) -> None:
        """Neither receive nor stand in line any more."""
        with self.lock:
            if turn in self._line:
                self._line.remove(turn)
            if self._receiver is turn:
                self._stop_receiving()
            self._wake_next()

    def _stop_receiving(self) -> None:
        self._receiver = None
        if self._line:
            self._line[0].ring()
        if self._state is not SocketState.CONNECTED:
            self._close_descriptor()

    def _wake_next(self) -> None:
        if self._line and self._receiver is None:
            self._line[0].ring()

    # --- receiving for all --------------------------------------------------------------------------------------------

    def _receive_for_all(self, turn: Turn, deadline: Deadline) -> None:
        poll = self._poll.poll
        while not turn.is_done:
            if self._state is not SocketState.CONNECTED:
                self._tell_end(self._closed_by())
                continue
            seconds = deadline.remaining()
            lookout = self._lookout
            if lookout is not None and seconds != 0 and not self._unsent.size and lookout.look(self._descriptor):
                self._receive_whole(turn)  # as below: whatever else there is to see, the state and the turn tell it
                if turn.is_done:
                    return
                continue
            ready = poll(milliseconds(seconds))
            if lookout is not None:
                lookout.note_processor()
            for descriptor, events in ready:
                if descriptor != self._descriptor:
                    self._waker.clear()
                    continue
                if events & WRITABLE:
                    self._send_more()
                if events & ~WRITABLE:
                    self._receive_whole(turn)
                    if turn.is_done:  # and another thread may be receiving already
                        return
            if seconds == 0:  # it has looked once more
                return

    def _receive_whole(self, turn: Turn) -> None:
        try:
            self._receive(turn)
        except BaseException:  # of a signal's handler: a part of what came may be lost
            with self.lock:
                self._on_end(ClosedByUs("the connection, whose receiver was interrupted,"))
                self.close_soon()
            raise

    def _receive(self, turn: Turn) -> None:
        try:
            chunk = self._recv(RECEIVE_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            self._on_read_failure(error)
            return
        if not chunk:
            self._tell_end(ClosedByPeer("its answers were awaited"))
            return
        with self.lock:
            self._on_bytes(chunk)
            if turn.is_done and self._receiver is turn:
                self._stop_receiving()

    def _on_read_failure(self, error: OSError) -> None:
        with self._lock:
            if self._state is not SocketState.CONNECTED:
                return
            self._note_read_failure(error)
        failure = self._failure
        assert failure is not None
        self._tell_end(failure())

    def _send_more(self) -> None:
        with self._lock:
            self._push()
            if not self._unsent:
                self._poll.modify(self._descriptor, READABLE)
        if not self._unsent:
            with self.lock:
                self._finish_flushing()

    def _tell_end(self, error: LocalSocketError) -> None:
        with self.lock:
            self._finish_flushing()
            self._on_end(error)

    def _finish_flushing(self) -> None:
        for turn in self._flushing:
            turn.finish()
        self._flushing = []

    # --- what happens to the connection; its own lock is held ---------------------------------------------------------

    def _has_queued(self) -> None:
        self._poll.modify(self._descriptor, READABLE | WRITABLE)
        self._waker.wake()

    def _finish_closing(self) -> None:
        super()._finish_closing()
        self._waker.wake()

    def _close_descriptor(self) -> None:
        if self._receiver is None:  # else it does so when it has stopped
            super()._close_descriptor()
            self._waker.close()
            self._lookout = None
            if self._place is not None:
                self._place.close()
