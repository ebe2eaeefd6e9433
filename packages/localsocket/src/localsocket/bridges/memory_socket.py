"""A connection within this program: what serves a service takes it for a socket, and who holds it has both ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import ClosedByPeer, ClosedByUs, LocalSocketError
from localsocket.interfaces import WaitingPlace


class MemorySocket:
    """A SharedSocket of asyncio in all that a service needs; any thread may send, the loop hands over.

    `on_output` is called, in the loop, with what the service sends; `pending` tells how much of that waits elsewhere,
    and `send_gathered` has that sent.
    """

    def __init__(
        self,
        address: str,
        peer: PeerCredentials,
        on_output: Callable[[bytes], object],
        pending: Callable[[], int],
        send_gathered: Callable[[], object],
    ) -> None:
        self.address = address
        self.peer = peer
        self.thread = threading.get_ident()
        self._loop = asyncio.get_running_loop()
        self._on_output = on_output
        self._pending = pending
        self._send_gathered = send_gathered
        self._gathering = threading.RLock()
        self._gathered: list[bytes] = []
        self._gathered_size = 0
        self._is_reading = True
        self._unread: list[bytes] = []
        self._is_over = False
        self._on_bytes: Callable[[bytes], object] | None = None
        self._on_end: Callable[[LocalSocketError], object] | None = None
        self._on_drained: Callable[[], object] | None = None

    def begin(
        self,
        on_bytes: Callable[[bytes], object],
        on_end: Callable[[LocalSocketError], object],
        on_drained: Callable[[], object],
        on_hang_up: Callable[[], object] | None = None,
    ) -> None:
        """As of SharedSocket; here nobody hangs up before all that came is handed over."""
        self._on_bytes = on_bytes
        self._on_end = on_end
        self._on_drained = on_drained
        if self._is_over:
            self._loop.call_soon(self._end)  # its caller has gone before it was served
        else:
            self._read_on()

    def _carry_descriptors(self, most: int) -> None:
        """There is no kernel between the two that could."""

    def _carry_no_descriptors(self) -> None: ...

    def waiting_place(self) -> None:
        """Nobody waits here for another process."""

    def look_out_for(self, place: WaitingPlace) -> None: ...

    # --- what the service calls ---------------------------------------------------------------------------------------

    @property
    def bytes_to_send(self) -> int:
        return self._gathered_size + self._pending()

    def send(self, data: bytes) -> None:
        """Hand over what is sent in one round of the loop together."""
        if self._is_over:
            return
        with self._gathering:
            is_first = not self._gathered
            self._gathered.append(data)
            self._gathered_size += len(data)
        if is_first:
            is_here = threading.get_ident() == self.thread
            try:
                (self._loop.call_soon if is_here else self._loop.call_soon_threadsafe)(self._hand_over)
            except RuntimeError:
                raise ClosedByUs("the event loop") from None

    def send_now(self, data: bytes) -> None:
        """Hand over what has been sent so far, and have it go out; for the loop's thread."""
        if self._is_over:
            return
        with self._gathering:
            self._gathered.append(data)
        self._hand_over()
        self._send_gathered()

    def set_reading(self, is_wanted: bool) -> None:
        self._is_reading = is_wanted
        if not is_wanted or not self._unread:
            return
        if threading.get_ident() == self.thread:
            self._loop.call_soon(self._read_on)
        else:
            self._loop.call_soon_threadsafe(self._read_on)

    def abort(self) -> None:
        self.hang_up()

    async def close(self, *, timeout: float | None = None) -> None:
        """Nothing waits here for long."""

    # --- what its holder calls ----------------------------------------------------------------------------------------

    def deliver(self, data: bytes) -> None:
        """Hand over what has arrived for the service, at once or when it reads on."""
        if self._is_over:
            return
        self._unread.append(data)
        self._read_on()

    def drained(self) -> None:
        """What the service sent is on its way."""
        if self._on_drained is not None:
            self._on_drained()

    def hang_up(self) -> None:
        """The caller is gone."""
        if not self._is_over:
            self._is_over = True
            self._end()

    def _end(self) -> None:
        if self._on_bytes is None or self._on_end is None:
            return  # until it is served
        if self._unread:  # among it may be notifications, which are run
            unread, self._unread = self._unread, []
            self._on_bytes(b"".join(unread))
        self._on_end(ClosedByPeer("it was in use"))

    def _read_on(self) -> None:
        while self._unread and self._is_reading and self._on_bytes is not None and not self._is_over:
            unread, self._unread = self._unread, []
            self._on_bytes(b"".join(unread))

    def _hand_over(self) -> None:
        with self._gathering:
            gathered, self._gathered = self._gathered, []
            self._gathered_size = 0
        if gathered:  # else they went with something that could not wait
            self._on_output(gathered[0] if len(gathered) == 1 else b"".join(gathered))
