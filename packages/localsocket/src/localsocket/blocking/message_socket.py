"""Whole messages over a local socket: what is sent in one piece arrives in one piece."""

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

    It takes `socket` over, of which nothing must have been read; both ends have to be MessageSockets, of the same
    serializer. `serializer`: "msgpack" or "json" take what docs/types.md lists, and what `types` tells of, "text" str,
    "raw" bytes. `kind` is the type that received messages are checked to be of. Messages of more than `max_message`
    bytes are not taken: the peer is told so when it greets, and is disconnected where it does not keep to that.

    Time-outs are in seconds, None waits for ever. Iterating gives messages, until the peer has finished sending.
    """

    def wait_greeted(self, *, timeout: float | None = None) -> None:
        """Wait until the peer has greeted, as send() and receive() do by themselves. Raises PeerBrokeProtocol."""
        if self._exchange.peer is None:
            self._take(self._exchange.take_greeting, timeout, "waiting for the peer's greeting")

    def send(self, message: object, *, timeout: float | None = None) -> None:
        """Send `message`, in one piece however many threads send, waiting until the kernel has taken it.

        Raises UnsuitableMessage (a TypeError) or TooLongToSend (a ValueError), and nothing is sent; on DeadlinePassed
        what LocalSocket.write() says.
        """
        deadline = Deadline(timeout)
        self.wait_greeted(timeout=deadline.remaining())
        self.socket.write(self._exchange.encode(message), timeout=deadline.remaining())

    def receive(self, *, timeout: float | None = None) -> Any:
        """Return the next message, waiting for it; EndOfStream once the peer has finished sending.

        On DeadlinePassed nothing is consumed. Safe from several threads, each message goes to one. Raises
        PeerBrokeProtocol for what is no message, and the connection is closed; and for a message that is not of this
        side's type, which is consumed.
        """
        body = self._take(self._exchange.take_body, timeout, "receiving a message")
        return self._decode(body)

    def shutdown_write(self, *, timeout: float | None = None) -> None:
        """Finish sending; the peer can still answer."""
        self.socket.shutdown_write(timeout=timeout)

    def close(self, *, timeout: float | None = CLOSE_TIMEOUT) -> None:
        """Send what is unsent, then close. Closing again is fine."""
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
