"""What stands in the bodies of calls and failures, as MessagePack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from localsocket.errors import PeerBrokeProtocol
from localsocket.interfaces import Buffer
from localsocket.values.gathering import Written
from localsocket.values.known_types import PLAIN, KnownTypes
from localsocket.wire.frames import Body
from localsocket.wire.hash_floods import guarded
from localsocket.wire.serializers import UNREADABLE

NO_NAMED = msgspec.Raw(b"\x80")
_NO_ARGUMENTS = msgspec.Raw(b"\x90")


class CallBody(msgspec.Struct, array_like=True):
    """A call: `timeout` in seconds from now, or None; the arguments, not decoded yet; what a tracer sends along."""

    method: str
    timeout: float | None
    arguments: msgspec.Raw
    named: msgspec.Raw = NO_NAMED
    carrier: dict[str, str] = {}

    def forget_arguments(self) -> None:
        """Let go of the bytes of the arguments, which have been read."""
        self.arguments, self.named = _NO_ARGUMENTS, NO_NAMED


class CallApart(CallBody):
    """A call whose large arguments came apart from it."""

    pieces: list[Buffer] = []

    @classmethod
    def of(cls, call: CallBody, pieces: list[Buffer]) -> CallApart:
        return cls(call.method, call.timeout, call.arguments, call.named, call.carrier, pieces)

    def forget_arguments(self) -> None:
        super().forget_arguments()
        self.pieces = []


class Failure(msgspec.Struct, array_like=True):
    """Why there is no result: a word for programs, a sentence for people, and the parts of the error."""

    code: str
    message: str
    parts: dict[str, Any] = {}


_encode = PLAIN.encode
_decode_call = msgspec.msgpack.Decoder(CallBody).decode
_decode_failure = guarded(msgspec.msgpack.Decoder(Failure).decode, Failure)
_decode_count = msgspec.msgpack.Decoder(int).decode


def encode_call(
    method: str,
    timeout: float | None,
    arguments: tuple[object, ...],
    named: dict[str, object] | None = None,
    carrier: dict[str, str] | None = None,
    known: KnownTypes = PLAIN,
    *,
    is_large: bool = False,
) -> Written:
    """Return the body, where it `is_large` with large bytes in pieces of their own.

    Raises TypeError, OverflowError or RecursionError for arguments that MessagePack cannot hold.
    """
    gather = known.gather_large if is_large else known.gather
    if not named and not carrier:
        return gather((method, timeout, arguments))
    return gather((method, timeout, arguments, named or {}, carrier or {}))


encode_flat_call: Callable[[tuple[object, ...]], bytes] = msgspec.msgpack.Encoder().encode
"""What encode_call() does where all arguments are plain numbers, strings or bytes: nothing has to be known of them."""


def decode_call(body: Body) -> CallBody:
    try:
        call = _decode_call(body)
    except UNREADABLE as error:
        raise PeerBrokeProtocol(f"the peer's call cannot be read: {error}") from error
    if call.timeout is not None and not call.timeout >= 0:
        raise PeerBrokeProtocol(f"the peer gave a call {call.timeout} seconds")
    return call


def encode_failure(failure: Failure) -> bytes:
    return _encode(failure)


def decode_failure(body: Body) -> Failure:
    try:
        failure: Failure = _decode_failure(body)
    except UNREADABLE as error:
        raise PeerBrokeProtocol(f"the peer's failure cannot be read: {error}") from error
    return failure


def encode_count(count: int) -> bytes:
    return _encode(count)


def decode_count(body: Body) -> int:
    try:
        count = _decode_count(body)
    except UNREADABLE as error:
        raise PeerBrokeProtocol(f"the peer's credit cannot be read: {error}") from error
    if count <= 0:
        raise PeerBrokeProtocol(f"the peer granted {count} bytes")
    return count
