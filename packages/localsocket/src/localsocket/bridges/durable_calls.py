"""A call of a durable method as its caller sees it: by what it is known, and what JetStream answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from localsocket.bridges.bus_messages import CONTENT_TYPE, MSGPACK, BusMessage, ServiceHello, Subjects, carried
from localsocket.bridges.bus_messages import MESSAGE_ID as MESSAGE_HEADER
from localsocket.errors import BadArguments
from localsocket.services.method import MESSAGE_ID
from localsocket.wire.call_bodies import CallBody, Failure, encode_failure
from localsocket.wire.frames import Kind, encode_frame
from localsocket.wire.serializers import UNREADABLE

_LONGEST = 512  # bytes of a message's id, as it is sent
_NONE = msgspec.msgpack.encode(None)


STORE = "store"
"""The last token of the inbox where JetStream answers to a caller what it keeps of a service."""

KEPT = "localsocket"
"""Under which the metadata of the stream with a service's calls have its greeting, as JSON."""


class _Config(msgspec.Struct, frozen=True):
    metadata: dict[str, str] = {}


class _StreamInfo(msgspec.Struct):
    config: _Config = _Config()


class _Stored(msgspec.Struct):
    """What JetStream answers to who has it store a message."""

    error: dict[str, Any] | None = None


_decode_named = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode
_decode_info = msgspec.json.Decoder(_StreamInfo).decode
_decode_kept = msgspec.json.Decoder(ServiceHello).decode
_decode_stored = msgspec.json.Decoder(_Stored).decode


def _message_id_of(call: CallBody) -> str:
    """Return the `message_id` that a call has among its named arguments, with its method, or "". Raises BadArguments.

    It becomes a header, so what is not plain is written as in an address.
    """
    try:
        given = _decode_named(call.named).get(MESSAGE_ID)
        told = msgspec.msgpack.decode(given, type=str) if given is not None else ""
    except UNREADABLE as error:
        raise BadArguments(call.method[:128], MESSAGE_ID, "it must be a string") from error
    known = f"{call.method}:{quote(told, safe=' !#$&()*+,/:;<=>?@[]^{|}')}" if told else ""
    if len(known) > _LONGEST:
        raise BadArguments(
            call.method[:128], MESSAGE_ID, f"it has {len(known)} bytes, and at most {_LONGEST} are allowed"
        )
    return known


def stored_request(names: Subjects, call: CallBody, unique: str) -> BusMessage:
    """Return the message that JetStream is to keep, known by `unique` where its caller says nothing else.

    Raises BadArguments.
    """
    known = _message_id_of(call) or unique
    headers = {**carried(call.carrier), CONTENT_TYPE: MSGPACK, MESSAGE_HEADER: known}
    return BusMessage(names.durable(call.method), b"".join((b"\x92", call.arguments, call.named)), headers)


def stored_answer(number: int, payload: bytes) -> bytes:
    """Return the frame that answers a call when JetStream has answered."""
    try:
        error = _decode_stored(payload).error
    except msgspec.DecodeError:
        error = {"description": "JetStream's answer cannot be read"}
    if error is None:
        return encode_frame(Kind.REPLY, number, _NONE)
    failure = Failure("failed", f"it was not stored: {str(error.get('description', ''))[:256]}")
    return encode_frame(Kind.FAILURE, number, encode_failure(failure))


def question_to_store(names: Subjects, inbox: str) -> BusMessage:
    """Return what asks JetStream for what it keeps of the service."""
    return BusMessage(f"$JS.API.STREAM.INFO.{names.stream}", b"", None, f"{inbox}.{STORE}")


def kept_hello(payload: bytes) -> ServiceHello | None:
    """Return the greeting that JetStream keeps of the service; None where it keeps none."""
    try:
        kept = _decode_info(payload).config.metadata.get(KEPT)
        return None if kept is None else _decode_kept(kept)
    except UNREADABLE:
        return None
