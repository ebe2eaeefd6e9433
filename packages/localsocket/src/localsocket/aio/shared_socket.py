"""One connection that many tasks wait on for different things: the loop receives for all, and gathers what is sent."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localsocket.aio.local_socket import LocalSocket
from localsocket.aio.loop_lookout import LoopLookout, lookout_of
from localsocket.aio.reading_transport import ReadingTransport
from localsocket.errors import ClosedByPeer, ClosedByUs, LocalSocketError
from localsocket.interfaces import Laden, WaitingPlace
from localsocket.payload.places import PeersPlace
from localsocket.sockets.connection import RECEIVE_SIZE
from localsocket.sockets.hang_up import has_hung_up
from localsocket.wire.send_queue import join_small

if TYPE_CHECKING:
    from localsocket.payload.arrivals import Arrivals

# While nothing is read the loop does not tell of the peer's end: so many seconds pass between two looks.
_LOOK_AGAIN = 0.05


class SharedSocket(LocalSocket):
    """A connected socket whose bytes are handed out as they arrive, to what begin() says, from the loop's thread.

    send() gathers what is sent in one turn of the loop, since one system call for many small frames costs as much as
    one for each; whoever has only one frame to send uses send_now(). Other threads gather under a lock, and the loop's
    alone hands on what is gathered: so all goes out in the order of these calls.
    """

    __slots__ = (
        "_gathering",
        "_is_reading_wanted",
        "_is_scheduled",
        "_lookout",
        "_next_look",
        "_on_bytes",
        "_on_drained",
        "_on_end",
        "_on_hang_up",
        "_outbox",
        "_outbox_size",
        "_peers_place",
        "_place",
        "is_cut",
        "thread",
    )

    def __init__(self, sock: socket.socket, **options: Any) -> None:
        # What other threads may ask for before the loop receives, too: a service's statistics count unsent bytes.
        self._next_look: asyncio.TimerHandle | None = None
        self._gathering = threading.RLock()  # a signal's handler may publish in the midst of anything
        self._is_reading_wanted = True
        self._outbox: list[bytes] = []
        self._outbox_size = 0
        self._is_scheduled = False
        self._lookout: LoopLookout | None = None
        self._place: WaitingPlace | None = None
        self._peers_place: PeersPlace | None = None
        self.is_cut = False
        self.thread = threading.get_ident()
        super().__init__(sock, **options)

    def begin(
        self,
        on_bytes: Callable[[bytes], object],
        on_end: Callable[[LocalSocketError], object],
        on_drained: Callable[[], object],
        on_hang_up: Callable[[], object] | None = None,
    ) -> None:
        """From now on call `on_bytes` with what arrives, and `on_end` with why nothing more will, at least once.

        `on_drained` is called when everything is sent that was gathered, or had to be queued; `on_hang_up` when the
        peer has gone while nothing is read, and maybe something is left to be read.
        """
        self._on_bytes = on_bytes
        self._on_end = on_end
        self._on_drained = on_drained
        self._on_hang_up = on_hang_up
        self._is_owned = True
        self.thread = threading.get_ident()
        self._attach()

    def when_attached(self, callback: Callable[[], object]) -> None:
        """Call back once the loop receives: what arrives before that is received without what comes beside it."""
        if (attaching := self._attaching) is None:
            callback()
        else:
            attaching.add_done_callback(lambda _: callback())

    @property
    def bytes_to_send(self) -> int:
        """How many bytes are gathered, or queued because the kernel has not taken them."""
        return self._outbox_size + len(self._unsent)

    @property
    def _bytes_lost(self) -> int:
        return super()._bytes_lost + self._outbox_size

    def send(self, data: bytes) -> None:
        """Send with whatever else is sent in this turn of the loop; any thread may call.

        ClosedByUs, in another thread, where the loop has been closed.
        """
        try:
            with self._gathering:  # else it may be put into what the loop has taken meanwhile
                self._outbox.append(data)
                self._outbox_size += len(data)
                is_scheduled, self._is_scheduled = self._is_scheduled, True
            if not is_scheduled:
                self._in_loop_soon(self.send_gathered)
        except ClosedByUs:
            raise
        except BaseException:  # of a signal's handler: nobody else does it
            self._in_loop_soon(self.send_gathered)
            raise

    def send_now(self, data: bytes) -> None:
        """Send at once; from the loop's thread."""
        if self._outbox:
            self.send(data)
        else:
            self._write(data)
        if self._lookout is not None and self._peers_place is not None:
            self._lookout.begin(self._peers_place)

    def waiting_place(self) -> WaitingPlace | None:
        """Return where its loop says on which processor it is; None where nobody is to look. In the loop's thread."""
        if self._place is None:
            lookout = lookout_of(asyncio.get_running_loop())
            if (place := lookout.join()) is not None:
                self._lookout, self._place = lookout, place
        return self._place

    def look_out_for(self, place: WaitingPlace | None) -> None:
        """The peer says there, if so, on which processor it is: look for what it sends before the loop sleeps."""
        if place is None:
            self._leave_place()
        else:
            self._peers_place = PeersPlace(place)

    def _leave_place(self) -> None:
        lookout, self._lookout = self._lookout, None
        if lookout is not None and self._place is not None:
            lookout.leave(self._peers_place)

    def set_reading(self, is_wanted: bool) -> None:
        """Read, or do not; any thread may call.

        The loop does it, maybe later. So it follows what is wanted then, and nothing that was said earlier overtakes.
        """
        self._is_reading_wanted = is_wanted
        if threading.get_ident() == self.thread:
            self._follow_reading()
        else:
            self._in_loop_soon(self._follow_reading)

    # --- descriptors, which a transport throws away -------------------------------------------------------------------

    def _carry_descriptors(self, most: int) -> Arrivals | None:
        """As of every socket; once the loop receives. See when_attached()."""
        arrivals, transport = super()._carry_descriptors(most), self._transport
        if transport is None or isinstance(transport, ReadingTransport):
            return arrivals
        try:
            self._transport = ReadingTransport(self._loop, transport, self._descriptor, self._receive)
        except OSError as error:
            self._end_reading(error)
        return arrivals

    def _carry_no_descriptors(self) -> None:
        super()._carry_no_descriptors()
        if isinstance(self._transport, ReadingTransport):
            self._transport = self._transport.given_up()

    def _drop_descriptors(self) -> None:
        """Close those of what is gathered and will never be sent."""
        with self._gathering:
            for data in self._outbox:
                if type(data) is Laden:
                    data.descriptors.close()

    def _receive(self) -> None:
        try:
            chunk = self._recv(RECEIVE_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            self._end_reading(error)
            return
        if chunk:
            if self._lookout is not None:
                self._lookout.found()
            self._on_bytes(chunk)
            return
        if self._transport is not None:
            self._transport.pause_reading()  # else the loop tells of the end again and again
        self._take_in_end()

    def _end_reading(self, error: OSError) -> None:
        self._note_read_failure(error)
        if self._transport is not None:
            self._transport.abort()  # _end_receiving() follows

    # --- what the loop calls ------------------------------------------------------------------------------------------

    def _begin_receiving(self, transport: asyncio.Transport) -> None:
        super()._begin_receiving(transport)
        self._follow_reading()

    def _take_in(self, count: int) -> None:
        if self._lookout is not None:
            self._lookout.found()
        self._on_bytes(self._window[:count].tobytes())

    def _take_in_end(self) -> bool:
        stays = super()._take_in_end()
        self._on_end(ClosedByPeer("it was in use"))
        return stays

    def _end_receiving(self, error: BaseException | None) -> None:
        super()._end_receiving(error)
        if self._next_look is not None:
            self._next_look.cancel()
        self._drop_descriptors()
        self._leave_place()
        self._on_end(self._failure() if self._failure else ClosedByUs("the socket"))

    def _send_more(self) -> None:
        super()._send_more()
        if not self._unsent:
            self._on_drained()

    # ------------------------------------------------------------------------------------------------------------------

    def _in_loop_soon(self, job: Callable[[], object]) -> None:
        if threading.get_ident() == self.thread:
            self._loop.call_soon(job)
            return
        try:
            self._loop.call_soon_threadsafe(job)
        except RuntimeError:  # it is closed
            raise ClosedByUs("the event loop") from None

    def _follow_reading(self) -> None:
        # After a cut the end is still to be read. Before the loop receives nothing can be held.
        is_wanted = self._is_reading_wanted or self.is_cut
        if is_wanted and self._is_held:
            self._resume()
        elif not is_wanted and not self._is_held:
            self._hold()

    def _hold(self) -> None:
        super()._hold()
        if self._on_hang_up is not None and self._next_look is None:
            self._next_look = self._loop.call_later(_LOOK_AGAIN, self._look_for_hang_up, self._on_hang_up)

    def _look_for_hang_up(self, on_hang_up: Callable[[], object]) -> None:
        self._next_look = None
        if not self._is_held:
            return
        if has_hung_up(self._descriptor):
            on_hang_up()
        else:
            self._next_look = self._loop.call_later(_LOOK_AGAIN, self._look_for_hang_up, on_hang_up)

    def send_gathered(self) -> None:
        """Hand on what is gathered; in the loop."""
        with self._gathering:
            self._is_scheduled = False
            if self.is_cut:
                return  # what is gathered stays, and holds back whoever would send more; the end is still to be read
            outbox, self._outbox = self._outbox, []
            self._outbox_size = 0
        try:
            for data in join_small(outbox):
                if not self._write(data):
                    self._lost += len(data)
        except BaseException:  # of a signal's handler: a part of it may be lost
            self.abort()
            self._on_end(ClosedByUs("the connection, whose sending was interrupted,"))
            raise
        if not self._unsent.size:
            self._on_drained()

    def _write(self, data: bytes) -> bool:
        """Send, or queue; False where that cannot be: whoever shares the socket is told of its end."""
        try:
            self.write_nowait(data)
        except (ClosedByPeer, ClosedByUs):
            self.is_cut = True  # on_end tells, when all that came before has been read
            self._follow_reading()
        except LocalSocketError as error:
            self.abort()
            self._on_end(error)
        else:
            return True
        return False

    def _check_none_lost(self) -> None:
        # Of what it gathers no writer is told.
        if lost := self._bytes_lost:
            raise ClosedByPeer("closing", unsent=lost)
