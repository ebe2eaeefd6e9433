"""What both sides say first: which version, what they will take, and what they can do."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from localsocket.errors import PeerBrokeProtocol
from localsocket.interfaces import WaitingPlace
from localsocket.showing import shown
from localsocket.wire.frames import Body, encode_greeting
from localsocket.wire.serializers import UNREADABLE

Role = Literal["messages", "client", "service"]

BOTH_WAYS = "both-ways"
"""The capability of an end that makes calls and answers them on one connection, if the other does too."""

Count = Annotated[int, msgspec.Meta(ge=0)]

_ANSWERED_BY: dict[Role, Role] = {"messages": "messages", "client": "service", "service": "client"}


PAYLOAD = "payload"
"""The capability of an end that sends and takes descriptors with its frames, if the other does too."""

BUS_LIMIT = "bus-limit"
"""The capability of a service that is reached over NATS: its longest message is what the NATS server lets it be."""


class Greeting(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a greeting. What a later version adds is ignored; what is missing has the default.

    `max_message` is the longest body that the sender takes. `capabilities` names what it can do beyond this version
    of the protocol: see stream_terms. `stream_window` is how many bytes of a stream it takes before it grants more, and
    `max_calls` how many calls it serves at once on this connection. `max_descriptors` is how many it takes with one
    frame, and said along with the capability for that alone. `waits` is where it says on which processor it is while it
    waits, for a peer of the same user that may look there.
    """

    role: Role
    max_message: Count
    serializer: str = "msgpack"
    capabilities: list[str] = []
    stream_window: Count = 0
    max_calls: Count = 0
    service: str = ""
    version: str = ""
    idempotent: list[str] = []
    max_descriptors: Count | msgspec.UnsetType = msgspec.UNSET
    waits: WaitingPlace | msgspec.UnsetType = msgspec.UNSET

    def encode(self) -> bytes:
        """Return the whole frame."""
        return encode_greeting(_ENCODER.encode(self))

    @property
    def most_descriptors(self) -> int:
        """How many descriptors its sender takes with one frame."""
        return 0 if isinstance(self.max_descriptors, msgspec.UnsetType) else self.max_descriptors

    @property
    def answers_calls(self) -> bool:
        """Whether its sender answers calls: a service does, and a client that serves something."""
        return self.role == "service" or BOTH_WAYS in self.capabilities


def carry_descriptors(mine: Greeting, peer: Greeting) -> bool:
    """Whether descriptors may travel on a connection where these were said."""
    return PAYLOAD in mine.capabilities and PAYLOAD in peer.capabilities


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Greeting)


def decode_greeting(body: Body, mine: Greeting) -> Greeting:
    """Return the peer's greeting. Raises PeerBrokeProtocol when the two do not fit together."""
    try:
        greeting = _DECODER.decode(body)
    except UNREADABLE as error:
        raise PeerBrokeProtocol(f"the peer's greeting cannot be read: {error}") from error
    if _ANSWERED_BY[mine.role] != greeting.role:
        raise PeerBrokeProtocol(f"the peer is here for {greeting.role!r}, this side for {mine.role!r}")
    if greeting.serializer != mine.serializer:
        theirs, ours = shown(greeting.serializer), shown(mine.serializer)
        raise PeerBrokeProtocol(f"the peer's messages are {theirs}, and this side's {ours}")
    return greeting
