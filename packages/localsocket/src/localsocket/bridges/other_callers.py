"""Callers of other kinds on the bus, such as NATS' own tools: each request is a call by itself."""

from __future__ import annotations

from typing import Any

import msgspec

from localsocket.bridges.bus_messages import CONTENT_TYPE, JSON, MOST_NUMBER, MSGPACK, TIMEOUT, BusMessage, seconds_of
from localsocket.bridges.served_callers import BusCallers, failure_headers
from localsocket.errors import BadArguments, LocalSocketError, TooManyCalls
from localsocket.services.failures import failure_of_ours
from localsocket.services.schema import ANYTHING
from localsocket.wire.call_bodies import Failure, decode_failure, encode_failure
from localsocket.wire.frames import Body, Kind, encode_frame
from localsocket.wire.hash_floods import guarded
from localsocket.wire.serializers import UNREADABLE

_encode = msgspec.msgpack.Encoder().encode
_decode_json = guarded(msgspec.json.Decoder().decode, Any, is_json=True)
_NO_ARGUMENTS = b"\x92\x90\x80"


class OtherCallers(BusCallers):
    """All that count for the same user: their requests are JSON or MessagePack, and so are the answers."""

    def __init__(self, most: int, longest: int, window: int) -> None:
        super().__init__(longest)
        self._most = most
        self._last = 0
        self._waiting: dict[int, tuple[str, bool]] = {}
        self._greet(longest, window)

    def request(self, method: str, headers: dict[str, str], payload: bytes, reply: str) -> None:
        """Take a request; without `reply` it is a notification. Raises PeerBrokeProtocol."""
        is_json = headers.get(CONTENT_TYPE, JSON) != MSGPACK
        timeout = seconds_of(headers, TIMEOUT)
        try:
            arguments = _arguments_of_json(payload) if is_json else _checked(payload)
        except (TypeError, ValueError, OverflowError, *UNREADABLE) as error:
            self._refuse(reply, is_json, BadArguments(method[:128], "", str(error)))
            return
        if len(self._waiting) >= self._most:
            self._refuse(reply, is_json, TooManyCalls(self._most))
            return
        number = 0
        if reply:
            number = self._last = self._last % MOST_NUMBER + 1
            self._waiting[number] = reply, is_json
        self._call(number, method, timeout, arguments, headers, is_note=not reply)

    def _answer(self, kind: int, number: int, body: Body) -> None:
        if (waiting := self._waiting.get(number)) is None:
            return
        reply, is_json = waiting
        if kind == Kind.STREAM:
            # Who grants nothing is sent nothing: it would have to be as much as there is.
            self.to_service.append(encode_frame(Kind.CANCEL, number, b""))
            self.open.pop(number, None)
            failure = Failure("failed", "it returns a stream, which over NATS only a localsocket client can read")
            body, kind = encode_failure(failure), Kind.FAILURE
        del self._waiting[number]
        if kind == Kind.FAILURE:
            self._fail(reply, is_json, decode_failure(body))
        else:
            self.to_bus.append(_in_form(reply, bytes(body), {}, is_json=is_json))

    def _refuse(self, reply: str, is_json: bool, error: LocalSocketError) -> None:
        failure = failure_of_ours(error)
        assert failure is not None
        if reply:
            self._fail(reply, is_json, failure)

    def _fail(self, reply: str, is_json: bool, failure: Failure) -> None:
        self.to_bus.append(_in_form(reply, encode_failure(failure), failure_headers(failure), is_json=is_json))


def _in_form(reply: str, body: bytes, headers: dict[str, str], *, is_json: bool) -> BusMessage:
    headers[CONTENT_TYPE] = JSON if is_json else MSGPACK
    return BusMessage(reply, msgspec.json.encode(ANYTHING.read(body)) if is_json else body, headers)


def _arguments_of_json(payload: bytes) -> bytes:
    if not payload:
        return _NO_ARGUMENTS
    given = _decode_json(payload)
    if isinstance(given, dict):
        return b"\x92\x90" + _encode(given)
    if isinstance(given, list):
        return b"\x92" + _encode(given) + b"\x80"
    raise TypeError("arguments must be a JSON object (by name) or an array (by position)")


def _checked(payload: bytes) -> bytes:
    """Return what is an array of two; many share one conversation here, which nobody else's bytes may break."""
    if not payload:
        return _NO_ARGUMENTS
    arguments, named = msgspec.msgpack.decode(payload, type=tuple[msgspec.Raw, msgspec.Raw])
    return b"\x92" + bytes(arguments) + bytes(named)
