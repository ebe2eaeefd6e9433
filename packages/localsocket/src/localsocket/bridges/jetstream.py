"""JetStream, the part of a NATS server that stores messages, as far as durable methods need it; over a connection."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import msgspec

from localsocket.bridges.bus_messages import INBOX, MESSAGE_ID, NO_RESPONDERS, STATUS, BusMessage
from localsocket.bridges.nats_address import NatsAddress
from localsocket.bridges.nats_link import NatsLink
from localsocket.deadlines import Deadline
from localsocket.errors import BrokenEndpoint, ClosedByPeer, LocalSocketError, Unsupported

NANOSECONDS = 10**9
STREAM_IN_USE = 10058  # with another configuration
NO_STREAM = 10059
NO_MESSAGE = 10037

_API = "$JS.API."
_ANSWERED = 10.0  # seconds for what JetStream is asked
_EXPIRES = 5.0  # seconds that one asking for the next message holds
_NOTHING_CAME = ("404", "408")
_NOT_ENABLED = (10039, 10076)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Declined(LocalSocketError):
    """JetStream does not do what it was asked for: `code` says why."""

    def __init__(self, what: str, code: int) -> None:
        super().__init__(f"JetStream declined: {what}")
        self.code = code


class JetStream:
    """Made by open(); for the tasks of one loop. Every question raises ClosedByPeer when the NATS server is lost."""

    def __init__(self, address: NatsAddress, name: str) -> None:
        self.lost = asyncio.Event()
        self._shown = address.shown
        self._inbox = f"{INBOX}{secrets.token_urlsafe(18)}"
        self._link = NatsLink(address, name, self._take, lambda _: self._lose(), lambda: None)
        self._waiting: dict[str, asyncio.Future[BusMessage]] = {}
        self._next: asyncio.Future[BusMessage] | None = None
        self._last = 0

    async def open(self, deadline: Deadline) -> None:
        """Connect. Raises what NatsLink.open() raises."""
        await self._link.open(deadline)
        self._link.listen(f"{self._inbox}.>")

    async def close(self) -> None:
        await self._link.flush(Deadline(1.0))
        await self._link.close()
        self._lose()

    def say(self, subject: str, payload: bytes) -> None:
        """Say what is not answered, as that a message is done with."""
        self._link.do(BusMessage(subject, payload))

    async def ask(self, subject: str, told: dict[str, Any]) -> dict[str, Any]:
        """Return what is answered to `$JS.API.SUBJECT`. Raises Declined, and Unsupported where nothing is stored."""
        return self._answer(await self._request(BusMessage(_API + subject, _encode(told))))

    async def store(self, message: BusMessage) -> None:
        """Return when the message is stored, once for each MESSAGE_ID that it has."""
        assert MESSAGE_ID in (message.headers or {})
        self._answer(await self._request(message))

    async def next_message(self, stream: str, consumer: str) -> BusMessage | None:
        """Return the next one for this consumer, whose reply says whether it is done with; None if none comes soon.

        Raises Declined where there is no such consumer any more.
        """
        self._next = asyncio.get_running_loop().create_future()
        told = {"batch": 1, "expires": int(_EXPIRES * NANOSECONDS)}
        reply = f"{self._inbox}.next"
        self._check_not_lost()
        self._link.do(BusMessage(f"{_API}CONSUMER.MSG.NEXT.{stream}.{consumer}", _encode(told), None, reply))
        try:
            async with asyncio.timeout(2 * _EXPIRES):
                message = await self._next
        except TimeoutError:
            return None
        finally:
            self._next = None
        if message.subject != reply:
            return message
        if (status := (message.headers or {}).get(STATUS)) not in _NOTHING_CAME:
            raise Declined(f"no stored messages are available ({status})", 0)
        return None

    # ------------------------------------------------------------------------------------------------------------------

    async def _request(self, message: BusMessage) -> BusMessage:
        self._check_not_lost()
        self._last += 1
        reply = f"{self._inbox}.{self._last}"
        answer: asyncio.Future[BusMessage] = asyncio.get_running_loop().create_future()
        self._waiting[reply] = answer
        self._link.do(message._replace(reply=reply))
        try:
            async with asyncio.timeout(_ANSWERED):
                return await answer
        except TimeoutError as error:
            raise BrokenEndpoint("asking JetStream", OSError(f"{_ANSWERED:g} s passed without an answer")) from error
        finally:
            del self._waiting[reply]

    def _answer(self, answer: BusMessage) -> dict[str, Any]:
        if (answer.headers or {}).get(STATUS) == NO_RESPONDERS:
            raise self._unsupported()
        try:
            told = _decode(answer.payload)
        except msgspec.DecodeError as error:
            raise Declined(f"its answer cannot be read: {error}", 0) from error
        if (why := told.get("error")) is not None:
            if why.get("err_code") in _NOT_ENABLED:
                raise self._unsupported()
            raise Declined(str(why.get("description", "")), int(why.get("err_code", 0)))
        return told

    def _unsupported(self) -> Unsupported:
        return Unsupported(
            f"durable calls are stored by JetStream, which {self._shown} lacks: start it with nats-server --jetstream"
        )

    def _take(self, messages: list[BusMessage]) -> None:
        for message in messages:
            self._take_one(message)

    def _take_one(self, message: BusMessage) -> None:
        if (waiting := self._waiting.get(message.subject)) is not None:
            if not waiting.done():
                waiting.set_result(message)
        elif self._next is not None and not self._next.done():
            self._next.set_result(message)
        elif message.reply.startswith("$JS.ACK."):
            self.say(message.reply, b"-NAK")  # it came too late: to be given to somebody again

    def _check_not_lost(self) -> None:
        if self.lost.is_set():
            raise ClosedByPeer("the connection to the NATS server was in use")

    def _lose(self) -> None:
        self.lost.set()
        for waiting in [*self._waiting.values(), self._next]:
            if waiting is not None and not waiting.done():
                waiting.set_exception(ClosedByPeer("the connection to the NATS server was in use"))
