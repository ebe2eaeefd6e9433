"""Whole messages over a local socket of any API. Nothing here waits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar, cast

from localsocket.endpoint.credentials import PeerCredentials
from localsocket.forgotten import warn_forgotten
from localsocket.interfaces import SocketState
from localsocket.keywords import known_keywords
from localsocket.sockets.caller_driven import CallerDrivenSocket
from localsocket.values.codec import Codec
from localsocket.wire.frames import Body
from localsocket.wire.message_exchange import MAX_MESSAGE, MessageExchange
from localsocket.wire.serializers import SerializerName

Socket = TypeVar("Socket", bound=CallerDrivenSocket)


class AnyMessageSocket(Generic[Socket]):
    """What a socket for messages is on any API; an API waits for the socket."""

    @known_keywords
    def __init__(
        self,
        socket: Socket,
        *,
        serializer: SerializerName = "msgpack",
        kind: Any = Any,
        max_message: int = MAX_MESSAGE,
        types: Iterable[Codec[Any]] = (),
    ) -> None:
        self._exchange = MessageExchange(serializer, kind, max_message, types)
        self.socket = socket
        socket.write_nowait(self._exchange.mine.encode())

    @property
    def address(self) -> str:
        return self.socket.address

    @property
    def peer(self) -> PeerCredentials:
        return self.socket.peer

    def abort(self) -> None:
        """Close at once; unsent data is dropped."""
        self.socket.abort()

    def __del__(self) -> None:
        # Only where connect_messages() made the socket: another is its maker's, who may go on with it.
        socket = getattr(self, "socket", None)
        if socket is not None and socket._is_owned and socket.state is not SocketState.CLOSED:
            warn_forgotten(self)
            socket.abort()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._exchange.serializer.name} over {self.socket!r}>"

    def _decode(self, body: object) -> Any:
        return self._exchange.serializer.decode(cast(Body, body))
