"""One connection to a NATS server: met, written to in order, and lost once. For the tasks of one loop."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import cast
from urllib.parse import unquote, urlsplit

from localsocket.bridges.bus_messages import BusMessage
from localsocket.bridges.nats_address import Login
from localsocket.bridges.nats_protocol import PING, PONG, Info, NatsReader, Ping, Pong, Refusal, Said, encode_connect
from localsocket.errors import ClosedByPeer, PeerBrokeProtocol

logger = logging.getLogger("localsocket.bridges")

_KEEP = 10.0  # seconds between pings; a NATS server that answers none of two is gone
_UNANSWERED = 2
_PORT = 4222
_CLOSE = 1.0


class NatsConnection(asyncio.Protocol):
    """Made by meet(). What it is given to write in one round of the loop goes out together."""

    def __init__(
        self,
        shown: str,
        on_messages: Callable[[list[BusMessage]], object],
        on_lost: Callable[[Exception | None], object],
        on_drained: Callable[[], object],
    ) -> None:
        self.info = Info()
        self.refusal = ""
        self._shown = shown
        self._on_messages = on_messages
        self._on_lost = on_lost
        self._on_drained = on_drained
        self._loop = asyncio.get_running_loop()
        self._reader = NatsReader(self._passed_over)
        self.wanted = self._reader.wanted
        self._transport: asyncio.Transport | None = None
        self._gathered: list[bytes] = []
        self._gathered_size = 0
        self._is_full = False
        self._told: asyncio.Future[None] = self._loop.create_future()
        self._pongs: deque[Callable[[], object]] = deque()
        self._trips: set[asyncio.Future[None]] = set()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._keeping: asyncio.TimerHandle | None = None
        self._kept = 0
        self._has_met = False
        self._why: Exception | None = None

    async def meet(self, server: str, login: Login, name: str) -> None:
        """Connect to `nats://[user[:password]@]host[:port]`, and be let in. Raises OSError, PeerBrokeProtocol."""
        at = urlsplit(server)
        try:
            await self._loop.create_connection(lambda: self, at.hostname or "", at.port or _PORT)
            await self._told
            if login.encryption is not None or self.info.tls_required:
                await self._encrypt(login, at.hostname or "")
            who: dict[str, object] = {}
            if at.username is not None:
                user, password = unquote(at.username), at.password
                who = {"auth_token": user} if password is None else {"user": user, "pass": unquote(password)}
            told = {"verbose": False, "pedantic": False, "protocol": 1, "lang": "python", "version": "localsocket"}
            more = {"headers": True, "no_responders": True, "echo": True, "name": name}
            self.write(encode_connect({**told, **more, **who, **login.answer(self.info.nonce)}))
            await self.round_trip()
        except BaseException:
            await self.abort()
            raise
        self._has_met = True
        self._keep()

    async def _encrypt(self, login: Login, host: str) -> None:
        if not (self.info.tls_required or self.info.tls_available):
            raise PeerBrokeProtocol(f"the NATS server of {self._shown} offers no TLS")
        import ssl

        assert self._transport is not None
        context = login.encryption or ssl.create_default_context()
        encrypted = await self._loop.start_tls(self._transport, self, context, server_hostname=host)
        assert encrypted is not None
        self._adopt(encrypted)

    @property
    def pending_bytes(self) -> int:
        """Bytes that are not with the system yet."""
        in_transport = 0 if self._transport is None else self._transport.get_write_buffer_size()
        return self._gathered_size + in_transport

    def write(self, *parts: bytes) -> None:
        if not self._gathered:
            self._loop.call_soon(self._send)
        self._gathered += parts
        self._gathered_size += sum(map(len, parts))

    def send_gathered(self) -> None:
        """Send what was written in this round of the loop, and wait for nothing more of it."""
        if self._gathered:
            self._send()

    async def round_trip(self) -> None:
        """Return when the server has done all that was written before. Raises ClosedByPeer."""
        if self._over.done():
            raise ClosedByPeer("the connection to the NATS server was in use")
        back: asyncio.Future[None] = self._loop.create_future()
        self._trips.add(back)

        def come_back() -> None:
            if not back.done():
                back.set_result(None)

        self.ping(come_back)
        try:
            await back
        finally:
            self._trips.discard(back)

    def ping(self, on_back: Callable[[], object]) -> None:
        """Call `on_back` when the server has done all that was written before, and all that it had for us is here."""
        self._pongs.append(on_back)
        self.write(PING)

    async def abort(self) -> None:
        """Let go; what is unsent is dropped."""
        if self._transport is None:
            return
        self._transport.abort()
        await asyncio.wait([self._over], timeout=_CLOSE)

    # --- what asyncio calls -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._adopt(cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        messages: list[BusMessage] = []
        try:
            for said in self._reader.feed(data):
                if type(said) is BusMessage:
                    messages.append(said)
                    continue
                if messages:  # a pong says that all before it is here
                    taken, messages = messages, []
                    self._on_messages(taken)
                self._take(said)
            if messages:
                self._on_messages(messages)
        except PeerBrokeProtocol as error:
            self._lose(error)
        except Exception:
            logger.exception("could not process a message from the NATS server of %s", self._shown)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._on_drained()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
        self._why = self._why or exc
        for waiting in [self._told, *self._trips]:
            if not waiting.done():
                lost = ClosedByPeer("the connection to the NATS server was in use")
                lost.__cause__ = self._why
                waiting.set_exception(lost)
                waiting.exception()  # whoever waited may have been cancelled in the same round
        self._over.set_result(None)
        if self._has_met:
            self._on_lost(self._why)

    # ------------------------------------------------------------------------------------------------------------------

    def _adopt(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        transport.set_write_buffer_limits(high=0)  # so that it says when all is sent

    def _take(self, said: Said) -> None:
        if type(said) is Ping:
            self.write(PONG)
        elif type(said) is Pong:
            if self._pongs:
                self._pongs.popleft()()
        elif type(said) is Info:
            self.info = said
            if not self._told.done():
                self._told.set_result(None)
        elif type(said) is Refusal:
            self.refusal = said.reason
            if self._has_met:
                logger.warning("the NATS server of %s: %s", self._shown, said.reason)

    def _send(self) -> None:
        if not self._gathered:
            return
        gathered, self._gathered = self._gathered, []
        self._gathered_size = 0
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(b"".join(gathered))
            if not self._is_full:
                self._on_drained()

    def _keep(self) -> None:
        """Ask from time to time whether the server is there."""
        if self._kept >= _UNANSWERED:
            self._lose(TimeoutError("the NATS server does not answer"))
            return
        self._kept += 1
        self.ping(self._is_there)
        self._keeping = self._loop.call_later(_KEEP, self._keep)

    def _is_there(self) -> None:
        self._kept = 0

    def _lose(self, why: Exception) -> None:
        self._why = self._why or why
        if self._transport is not None:
            self._transport.abort()

    def _passed_over(self, why: str) -> None:
        logger.debug("ignored a message on the bus: %s", why)
