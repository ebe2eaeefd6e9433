"""Whole messages over a local socket: each message arrives as it was sent, in one piece."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Unpack

from localsocket.blocking.connect import connect
from localsocket.blocking.local_socket import LocalSocket
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
) -> MessageSocket:
    """Connect as connect() does, and return a MessageSocket once both sides have greeted each other."""
    check_keywords("connect_messages", options, ConnectOptions, ["serializer", "kind", "max_message", "types"])
    deadline = Deadline(options.get("timeout", CONNECT_TIMEOUT))
    socket = connect(address, **options)
    try:
        messages = MessageSocket(socket, serializer=serializer, kind=kind, max_message=max_message, types=types)
        messages.wait_greeted(timeout=deadline.remaining())
    except BaseException:
        socket.abort()
        raise
    socket._is_owned = True
    return messages


class MessageSocket(AnyMessageSocket[LocalSocket]):
    """A connected local socket for messages; any thread may send, receive and close.

    It takes over `socket`, from which nothing may have been read. Both ends must be MessageSockets with the same
    serializer. `serializer`: "msgpack" and "json" send the types listed in docs/types.md and those in `types`, "text"
    sends str, "raw" bytes. Received messages are checked against the type `kind`. Messages of more than `max_message`
    bytes are not accepted: the peer learns the limit in the greeting, and is disconnected if it exceeds it.

    Time-outs are in seconds, None waits for ever. Iterate to get messages until the peer has finished sending.
    """

    def wait_greeted(self, *, timeout: float | None = None) -> None:
        """Wait for the peer's greeting, as send() and receive() do by themselves. Raises PeerBrokeProtocol."""
        if self._exchange.peer is None:
            self._take(self._exchange.take_greeting, timeout, "waiting for the peer's greeting")

    def send(self, message: object, *, timeout: float | None = None) -> None:
        """Send `message`, in one piece however many threads send, waiting until the kernel has accepted it.

        Raises UnsuitableMessage (a TypeError) or TooLongToSend (a ValueError) without sending anything. For
        DeadlinePassed, see LocalSocket.write().
        """
        deadline = Deadline(timeout)
        self.wait_greeted(timeout=deadline.remaining())
        self.socket.write(self._exchange.encode(message), timeout=deadline.remaining())

    def receive(self, *, timeout: float | None = None) -> Any:
        """Return the next message, waiting for it; raise EndOfStream once the peer has finished sending.

        On DeadlinePassed nothing is consumed. Several threads may call; each message goes to one. Raises
        PeerBrokeProtocol for data that is not a message, and closes the connection; raises it also for a message that
        is not of this side's type, which is consumed.
        """
        body = self._take(self._exchange.take_body, timeout, "receiving a message")
        return self._decode(body)

    def shutdown_write(self, *, timeout: float | None = None) -> None:
        """Finish sending; the peer can still answer."""
        self.socket.shutdown_write(timeout=timeout)

    def close(self, *, timeout: float | None = CLOSE_TIMEOUT) -> None:
        """Send unsent bytes, then close. Closing again has no effect."""
        self.socket.close(timeout=timeout)

    def __iter__(self) -> Iterator[Any]:
        while True:
            try:
                message = self.receive()
            except EndOfStream:
                return
            yield message

    def __enter__(self) -> MessageSocket:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.__exit__(kind, error, trace)

    def _take(self, parse: Callable[[ByteBuffer], T | None], timeout: float | None, doing: str) -> T:
        try:
            return self.socket.read_parsed(parse, doing, timeout=timeout)
        except PeerBrokeProtocol:
            self.socket.abort()
            raise
