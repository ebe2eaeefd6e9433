"""Whole messages over a local socket of asyncio: each message arrives as it was sent, in one piece."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import Any, Unpack

from localsocket.aio.connect import connect
from localsocket.aio.local_socket import LocalSocket
from localsocket.awaited.opening import Opening
from localsocket.deadlines import Deadline
from localsocket.errors import EndOfStream, PeerBrokeProtocol
from localsocket.keywords import check_keywords
from localsocket.sockets.any_message_socket import AnyMessageSocket
from localsocket.sockets.caller_driven import CLOSE_TIMEOUT
from localsocket.sockets.connected_socket import T
from localsocket.sockets.connector import CONNECT_TIMEOUT, ConnectOptions
from localsocket.values.codec import Codec
from localsocket.wire.byte_buffer import ByteBuffer
from localsocket.wire.message_exchange import MAX_MESSAGE
from localsocket.wire.serializers import SerializerName


def connect_messages(
    address: str | os.PathLike[str],
    *,
    serializer: SerializerName = "msgpack",
    kind: Any = Any,
    max_message: int = MAX_MESSAGE,
    types: Iterable[Codec[Any]] = (),
    **options: Unpack[ConnectOptions],
) -> Opening[MessageSocket]:
    """Connect as connect() does, and return a MessageSocket once both sides have greeted each other.

    Await it or enter it.
    """
    check_keywords("connect_messages", options, ConnectOptions, ["serializer", "kind", "max_message", "types"])
    return Opening(_connect(address, serializer, kind, max_message, types, options))


async def _connect(
    address: str | os.PathLike[str],
    serializer: SerializerName,
    kind: Any,
    max_message: int,
    types: Iterable[Codec[Any]],
    options: ConnectOptions,
) -> MessageSocket:
    deadline = Deadline(options.get("timeout", CONNECT_TIMEOUT))
    socket = await connect(address, **options)
    try:
        messages = MessageSocket(socket, serializer=serializer, kind=kind, max_message=max_message, types=types)
        await messages.wait_greeted(timeout=deadline.remaining())
    except BaseException:
        socket.abort()
        raise
    socket._is_owned = True
    return messages


class MessageSocket(AnyMessageSocket[LocalSocket]):
    """A connected local socket for messages; for the tasks of one loop.

    Parameters are those of localsocket.MessageSocket.

    Time-outs are in seconds, None waits for ever. Iterate to get messages until the peer has finished sending.
    """

    async def wait_greeted(self, *, timeout: float | None = None) -> None:
        """Wait for the peer's greeting, as send() and receive() do by themselves. Raises PeerBrokeProtocol."""
        if self._exchange.peer is None:
            await self._take(self._exchange.take_greeting, timeout, "waiting for the peer's greeting")

    async def send(self, message: object, *, timeout: float | None = None) -> None:
        """Send `message`, in one piece however many tasks send, waiting until the kernel has accepted it.

        Raises UnsuitableMessage (a TypeError) or TooLongToSend (a ValueError) without sending anything. For
        DeadlinePassed, see LocalSocket.write().
        """
        deadline = Deadline(timeout)
        await self.wait_greeted(timeout=deadline.remaining())
        await self.socket.write(self._exchange.encode(message), timeout=deadline.remaining())

    async def receive(self, *, timeout: float | None = None) -> Any:
        """Return the next message, waiting for it; raise EndOfStream once the peer has finished sending.

        On DeadlinePassed nothing is consumed. Several tasks may call; each message goes to one. Raises
        PeerBrokeProtocol for data that is not a message, and closes the connection; raises it also for a message that
        is not of this side's type, which is consumed.
        """
        body = await self._take(self._exchange.take_body, timeout, "receiving a message")
        return self._decode(body)

    async def shutdown_write(self, *, timeout: float | None = None) -> None:
        """Finish sending; the peer can still answer."""
        await self.socket.shutdown_write(timeout=timeout)

    async def close(self, *, timeout: float | None = CLOSE_TIMEOUT) -> None:
        """Send unsent bytes, then close. Closing again has no effect."""
        await self.socket.close(timeout=timeout)

    async def __aiter__(self) -> AsyncIterator[Any]:
        while True:
            try:
                message = await self.receive()
            except EndOfStream:
                return
            yield message

    async def __aenter__(self) -> MessageSocket:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.socket.__aexit__(kind, error, trace)

    async def _take(self, parse: Callable[[ByteBuffer], T | None], timeout: float | None, doing: str) -> T:
        try:
            return await self.socket.read_parsed(parse, doing, timeout=timeout)
        except PeerBrokeProtocol:
            self.socket.abort()
            raise
