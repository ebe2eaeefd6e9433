"""Values to bytes and back, by the name of the form: raw bytes, text, JSON, MessagePack. Never pickle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from localsocket.errors import PeerBrokeProtocol, UnsuitableMessage
from localsocket.values.gathering import Written
from localsocket.values.known_types import PLAIN, KnownTypes
from localsocket.wire.hash_floods import KeysAlike, guarded

SerializerName: TypeAlias = Literal["raw", "text", "json", "msgpack"]
SERIALIZERS: tuple[SerializerName, ...] = get_args(SerializerName)

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError, KeysAlike)
"""What decoding raises for bytes that are not what they should be; TypeError for unhashable keys until msgspec 0.21."""


class Serializer:
    """Turns values of `kind` into bytes and back; what comes back is checked to be of that type.

    `raw` takes and gives bytes, `text` str. `json` and `msgpack` take what `known` can send.
    """

    __slots__ = ("_decode", "_encode", "_encode_large", "name")

    def __init__(self, name: SerializerName, kind: Any = Any, known: KnownTypes = PLAIN) -> None:
        if name not in SERIALIZERS:
            raise ValueError(f"serializer must be one of {', '.join(SERIALIZERS)}, got {name!r}")
        self.name: SerializerName = name
        self._encode, self._decode = _codec(name, kind, known)
        self._encode_large = known.gather_large if name == "msgpack" else self._encode

    def encode(self, value: object, *, is_large: bool = False) -> Written:
        """Return `value` written, to be put into a frame before large arrays in it may change; bytes too if `is_large`.

        Raises UnsuitableMessage, a TypeError, for what the form cannot hold.
        """
        try:
            return self._encode_large(value) if is_large else self._encode(value)
        except (TypeError, ValueError, RecursionError, OverflowError) as error:
            raise UnsuitableMessage(self.name, str(error)) from error

    def decode(self, data: bytes | memoryview) -> Any:
        """Return the value. Raises PeerBrokeProtocol, which tells the path to a part of the wrong type."""
        try:
            return self._decode(data)
        except UNREADABLE as error:
            raise PeerBrokeProtocol(f"the peer's message cannot be read as {self.name}: {error}") from error


def _codec(name: SerializerName, kind: Any, known: KnownTypes) -> tuple[Callable[[Any], Written], Callable[[Any], Any]]:
    match name:
        case "raw":
            return _encode_raw, bytes
        case "text":
            return _encode_text, _decode_text
        case "json":
            return known.encode_json, guarded(known.json_decoder(kind), known.readable(kind), is_json=True)
        case "msgpack":
            return known.gather, guarded(known.decoder(kind), known.readable(kind))


def _encode_raw(value: object) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"expected bytes, got {type(value).__name__}")
    return bytes(value)


def _encode_text(value: object) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"expected str, got {type(value).__name__}")
    return value.encode()


def _decode_text(data: bytes | memoryview) -> str:
    return str(data, "utf-8")
