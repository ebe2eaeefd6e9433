"""What a client has for its socket where its service is reached over NATS: it sends frames, and is given frames."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import socket
import threading
from collections.abc import Callable
from typing import cast

from localsocket.aio.shared_socket import SharedSocket as AioSharedSocket
from localsocket.bridges import clocks
from localsocket.bridges.bus_messages import BusMessage, Subjects
from localsocket.bridges.calling_side import BusCallingSide
from localsocket.bridges.carrying import carry
from localsocket.bridges.nats_address import NatsAddress, parse_nats_address
from localsocket.bridges.nats_link import NatsLink
from localsocket.bridges.signing import signing_with
from localsocket.deadlines import Deadline
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import ClosedByPeer, DeadlinePassed, LocalSocketError, PeerBrokeProtocol
from localsocket.interfaces import Limits
from localsocket.sockets.caller_driven import CLOSE_TIMEOUT
from localsocket.sockets.connector import Connected, Connector

TICK = 0.05
"""Seconds between looks at what is to be sent again or asked for."""

_RECEIVE = 256 * 1024
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 1.0


class NatsSocket:
    """A SharedSocket of asyncio in all that a client needs; for the tasks of one loop."""

    is_cut = False

    def __init__(self, address: NatsAddress, deadline: Deadline, *, waits: bool, patience: float | None) -> None:
        self.address = address.shown
        self._of = address
        self._deadline = deadline
        self._waits = waits
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._early: list[bytes] = []
        self._side: BusCallingSide | None = None
        self._is_reading = True
        self._is_over = False
        self._ticking: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    def begin(
        self,
        on_bytes: Callable[[bytes], object],
        on_end: Callable[[LocalSocketError], object],
        on_drained: Callable[[], object],
    ) -> None:
        """Connect, and from then on call `on_bytes` with what arrives, and `on_end` with why nothing more will."""
        self._on_bytes = on_bytes
        self._on_end = on_end
        name = f"client of {self._of.service}"
        self._link = NatsLink(self._of, name, self._take, self._end, on_drained, self._probed)
        self._opening = self._loop.create_task(self._open(), name=f"connecting to {self.address}")

    @property
    def why_not(self) -> LocalSocketError | None:
        """Why the service has not greeted, as far as that is known."""
        return None if self._side is None else self._side.why_not

    @property
    def bytes_to_send(self) -> int:
        return self._link.pending_bytes

    @property
    def _bytes_lost(self) -> int:
        return self.bytes_to_send

    def send(self, data: bytes) -> None:
        if self._side is None:
            self._early.append(data)
            return
        try:
            self._side.from_local(data)
        except PeerBrokeProtocol as error:  # which would be our own mistake
            self._end(error)
            return
        self._act(self._side)

    def send_now(self, data: bytes) -> None:
        """Send without waiting for what else is sent in this round of the loop."""
        self.send(data)
        self._link.send_gathered()

    def set_reading(self, is_wanted: bool) -> None:
        self._is_reading = is_wanted
        if is_wanted and self._side is not None:
            self._act(self._side)

    def _carry_descriptors(self, _most: int) -> None:
        """Descriptors do not leave their machine."""

    def send_gathered(self) -> None:
        """Nothing is gathered here."""

    def abort(self) -> None:
        """Let go at once."""
        if not self._is_over:
            self._is_over = True
            if self._ticking is not None:
                self._ticking.cancel()
        if self._closing is None and not self._loop.is_closed():
            if self._opening is not None:
                self._opening.cancel()
            self._closing = self._loop.create_task(self._close_link())

    async def close(self, *, timeout: float | None = CLOSE_TIMEOUT) -> None:
        """Tell the service, send what is unsent, and let go; raise how much could not be sent, once it has."""
        deadline, unsent, has_gone = Deadline(timeout), 0, False
        if self._closing is None:
            if self._side is not None and not self._is_over:
                self._side.end()
                self._act(self._side)
                await self._link.flush(deadline)
                unsent, has_gone = self.bytes_to_send, self._is_over
            self.abort()
        if self._closing is not None:
            await asyncio.wait([self._closing])
        if unsent:
            raise ClosedByPeer("closing", unsent=unsent) if has_gone else deadline.error("closing", queued=unsent)

    # ------------------------------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        try:
            await self._link.open(self._deadline)
        except LocalSocketError as error:
            self._end(error)
            return
        inbox = f"_INBOX.{secrets.token_urlsafe(18)}"
        self._side = BusCallingSide(
            self.address,
            Subjects(self._of.service, self._of.prefix),
            inbox,
            self._link.max_payload,
            clocks.now,
            waits=self._waits,
            patience=self._patience,
            sign=signing_with(self._of),
        )
        early, self._early = self._early, []
        for data in early:
            self._side.from_local(data)
        self._act(self._side)
        self._tick()

    def _take(self, messages: list[BusMessage]) -> None:
        if (side := self._side) is not None and not self._is_over:
            for message in messages:
                side.from_bus(message)
            self._act(side)

    def _probed(self) -> None:
        if self._side is not None:
            self._side.probed()

    def _act(self, side: BusCallingSide) -> None:
        if side.to_bus:
            actions, side.to_bus = side.to_bus, []
            for action in actions:
                self._link.do(action)
        if side.to_local and self._is_reading and not self._is_over:
            frames, side.to_local = side.to_local, []
            self._on_bytes(frames[0] if len(frames) == 1 else b"".join(frames))
        if side.error is not None:
            self._end(side.error)

    def _tick(self) -> None:
        if self._is_over or self._side is None:
            return
        if self._side.wants_ticks:
            self._side.tick()
            self._act(self._side)
        self._ticking = self._loop.call_later(TICK, self._tick)

    def _end(self, error: LocalSocketError) -> None:
        if not self._is_over:
            self._is_over = True
            self._on_end(error)

    async def _close_link(self) -> None:
        if self._opening is not None:
            await asyncio.gather(self._opening, return_exceptions=True)
        await self._link.close()


class NatsCarrier:
    """Reaches the service at `nats://host/name`: see services.carriers."""

    def __init__(self, address: str) -> None:
        self._address = parse_nats_address(address)
        self.shown = self._address.shown

    def connector(
        self, kind: type[Connected], deadline: Deadline, *, waits: bool, reconnects: bool, limits: Limits
    ) -> Connector[Connected]:
        return NatsConnector(
            kind, self._address, deadline, waits_for_server=waits, reconnects=reconnects, limits=limits
        )


class NatsConnector(Connector[Connected]):
    """Makes the sockets of a client whose address is `nats://...`: for asyncio in its loop, else with a thread."""

    def __init__(
        self,
        kind: type[Connected],
        address: NatsAddress,
        deadline: Deadline,
        *,
        waits_for_server: bool,
        reconnects: bool,
        limits: Limits,
    ) -> None:
        super().__init__(kind, address.service, timeout=deadline, wait_for_server=waits_for_server, limits=limits)
        self._address = address.shown
        self._nats = address
        self._waits = reconnects or waits_for_server
        self._thread: _BusThread | None = None
        self._socket: NatsSocket | None = None
        self._longest = _FIRST_PAUSE

    def attempt(self) -> Connected | None:
        """Give a socket that connects when its conversation begins, or has connected: then raises why it could not."""
        patience = self._deadline.timeout
        if issubclass(self._kind, AioSharedSocket):
            self._socket = NatsSocket(self._nats, self._deadline, waits=self._waits, patience=patience)
            return cast(Connected, self._socket)
        return self._in_thread(patience)

    def _in_thread(self, patience: float | None) -> Connected:
        ours, theirs = socket.socketpair()
        peer = PeerCredentials(os.getpid(), os.geteuid(), os.getegid())
        made = self._kind(ours, address=self._nats.shown, peer=peer, mode="rw", limits=self._limits)
        self._thread = _BusThread(self._nats, theirs, self._deadline, waits=self._waits, patience=patience)
        self._thread.start()
        return made

    def explain(self, error: BaseException) -> BaseException:
        """Return why a conversation ended before it had begun, where a thread or the bus knows it better."""
        if not isinstance(error, (ClosedByPeer, DeadlinePassed)):
            return error
        if self._thread is not None and self._thread.why_lost is not None:
            return self._thread.why_lost
        socket = self._socket if self._thread is None else self._thread.bus
        if socket is not None and socket.why_not is not None:
            return socket.why_not
        return error

    def next_pause(self) -> float:
        """Return the seconds to wait: up to a second, by chance, so that many clients do not come at once."""
        pause = super().next_pause()
        self._longest = min(self._longest * 2, _LONGEST_PAUSE)
        remaining = self._deadline.remaining()
        pause = max(pause, random.uniform(0, self._longest))  # noqa: S311 - no secret
        return pause if remaining is None else min(pause, remaining)


class _BusThread:
    """Moves frames between a blocking client and the bus, in a thread that ends with their connection."""

    def __init__(
        self,
        address: NatsAddress,
        sock: socket.socket,
        deadline: Deadline,
        *,
        waits: bool,
        patience: float | None,
    ) -> None:
        self._address = address
        self._sock = sock
        self.why_lost: LocalSocketError | None = None
        self.bus: NatsSocket | None = None
        self._deadline = deadline
        self._waits = waits
        self._patience = patience

    def start(self) -> None:
        # A daemon: a client that nobody closes does not keep the program from ending.
        threading.Thread(target=self._run, name=f"localsocket {self._address.shown}", daemon=True).start()

    def _run(self) -> None:
        try:
            asyncio.run(self._move())
        finally:
            self._sock.close()

    async def _move(self) -> None:
        loop = asyncio.get_running_loop()
        self._sock.setblocking(False)
        bus = self.bus = NatsSocket(self._address, self._deadline, waits=self._waits, patience=self._patience)

        def note(error: LocalSocketError) -> None:
            self.why_lost = error

        await carry(
            bus, lambda: loop.sock_recv(self._sock, _RECEIVE), lambda data: loop.sock_sendall(self._sock, data), note
        )
