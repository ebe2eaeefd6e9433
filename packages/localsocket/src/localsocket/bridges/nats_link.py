"""The way to a NATS server: what is to be done goes out in order, and messages come in.

It is not made again when it is lost: whoever holds it knows what was under way, and begins anew. So nothing that was
given up is sent later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from localsocket.bridges.bus_messages import BusAction, BusMessage, Listen, Probe
from localsocket.bridges.nats_address import NatsAddress
from localsocket.bridges.nats_connection import NatsConnection
from localsocket.bridges.nats_protocol import encode_message, encode_subscribe, encode_unsubscribe
from localsocket.deadlines import Deadline
from localsocket.errors import (
    AccessDenied,
    BrokenEndpoint,
    ClosedByPeer,
    LocalSocketError,
    PeerBrokeProtocol,
    ServerRefused,
)
from localsocket.showing import shown

logger = logging.getLogger("localsocket.bridges")

_CONNECT = 30.0

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds that whoever begins anew waits before another attempt to reach the server; see longer_pause()."""


def longer_pause(pause: float) -> float:
    """Return how long to wait after an attempt that has failed as well."""
    return min(2 * pause, LONGEST_PAUSE)


class NatsLink:
    """Made by open(); for the tasks of one loop. `on_lost` is called once, unless it was closed here."""

    def __init__(
        self,
        address: NatsAddress,
        name: str,
        on_messages: Callable[[list[BusMessage]], object],
        on_lost: Callable[[LocalSocketError], object],
        on_drained: Callable[[], object],
        on_probed: Callable[[], object] = lambda: None,
    ) -> None:
        self._on_probed = on_probed
        self.address = address
        self._name = name
        self._on_messages = on_messages
        self._on_lost = on_lost
        self._on_drained = on_drained
        self._connection: NatsConnection | None = None
        self._last = 0
        self._numbers: dict[str, int] = {}
        self._is_over = False

    @property
    def max_payload(self) -> int:
        """The longest message that the server takes, in bytes."""
        assert self._connection is not None
        return self._connection.info.max_payload

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait to be sent."""
        return 0 if self._connection is None else self._connection.pending_bytes

    async def open(self, deadline: Deadline) -> None:
        """Connect to the first server that lets us. Raises ServerRefused, AccessDenied, BrokenEndpoint."""
        login = self.address.login()
        failures: list[LocalSocketError] = []
        for position, server in enumerate(self.address.servers):
            connection = NatsConnection(self.address.shown, self._take, self._lost, self._on_drained)
            remaining = deadline.remaining()
            seconds = _CONNECT if remaining is None else min(remaining, _CONNECT)
            try:
                async with asyncio.timeout(seconds / (len(self.address.servers) - position)):
                    await connection.meet(server, login, self._name)
            except (LocalSocketError, OSError, UnicodeError) as error:
                failures.append(self._explained(connection, error))
                continue
            self._connection = connection
            return
        raise next((each for each in failures if isinstance(each, AccessDenied)), failures[-1])

    def _explained(self, connection: NatsConnection, error: Exception) -> LocalSocketError:
        where = self.address.shown
        explained: LocalSocketError
        if refusal := connection.refusal:
            if "authori" in refusal.lower() or "authentication" in refusal.lower():
                explained = AccessDenied(where, where, f"the NATS server refused it: {refusal}")
            else:
                explained = PeerBrokeProtocol(f"meeting the NATS server of {where} failed: {refusal}")
        elif isinstance(error, PeerBrokeProtocol):
            return error
        elif isinstance(error, OSError) and not isinstance(error, (ConnectionError, TimeoutError)):
            explained = BrokenEndpoint(f"connecting to {where!r}", error)
        else:
            explained = ServerRefused(where, "not a NATS server that answers")
        explained.__cause__ = error
        return explained

    def do(self, action: BusAction) -> None:
        """Have it done, after everything that was said before. What cannot be sent costs nothing else."""
        if self._is_over or (connection := self._connection) is None:
            return
        if isinstance(action, Probe):
            connection.ping(self._on_probed)
            return
        try:
            if type(action) is BusMessage:
                connection.write(*encode_message(action, connection.info.max_payload))
            elif type(action) is Listen:
                self.listen(action.subject)
            elif (number := self._numbers.pop(action.subject, None)) is not None:
                connection.wanted.discard(number)
                connection.write(encode_unsubscribe(number))
        except ValueError as error:
            logger.warning("a message to %s was not sent: %s", shown(action.subject), error)

    def send_gathered(self) -> None:
        """Send now what was said in this round of the loop, instead of with what else may be said in it."""
        if not self._is_over and self._connection is not None:
            self._connection.send_gathered()

    def listen(self, subject: str, queue: str = "") -> None:
        """Take messages on the subject; with a queue, those that no other member of it gets."""
        assert self._connection is not None
        self._last += 1
        self._connection.write(encode_subscribe(subject, queue, self._last))
        self._connection.wanted.add(self._last)
        self._numbers[subject] = self._last

    async def drain(self, subject: str) -> None:
        """Take no more messages on the subject, once those on their way are here."""
        connection, number = self._connection, self._numbers.pop(subject, None)
        if connection is not None and number is not None:
            connection.write(encode_unsubscribe(number))
            await self.flush(Deadline(_CONNECT))
            connection.wanted.discard(number)

    async def flush(self, deadline: Deadline) -> None:
        """Return when the server has everything that was said so far, or the time is over."""
        if self._is_over or self._connection is None:
            return
        with contextlib.suppress(TimeoutError, ClosedByPeer):
            async with asyncio.timeout(deadline.remaining()):
                await self._connection.round_trip()

    async def close(self) -> None:
        """Close the connection; what is unsent is dropped."""
        self._is_over = True
        if self._connection is not None:
            await self._connection.abort()

    # ------------------------------------------------------------------------------------------------------------------

    def _take(self, messages: list[BusMessage]) -> None:
        if not self._is_over:
            self._on_messages(messages)

    def _lost(self, cause: Exception | None) -> None:
        if self._is_over:
            return
        self._is_over = True
        lost = ClosedByPeer("the connection to the NATS server was in use")
        lost.__cause__ = cause
        self._on_lost(lost)
