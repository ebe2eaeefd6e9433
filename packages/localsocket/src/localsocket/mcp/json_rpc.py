"""JSON-RPC 2.0, a message or a batch a line: bytes in, messages out, and what is wrong with a line.

It loads nothing but msgspec, so that a client that has just started this program is answered soon.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

# Its strings are the only keys, and Python hashes them with a secret: no flood of alike ones can be made.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes; the arguments of a call are what is long, and services take a MiB unless they say otherwise."""
_MOST_IN_BATCH = 100

Id: TypeAlias = str | int
Params: TypeAlias = dict[str, Any]


class RpcCall(msgspec.Struct, frozen=True):
    """What the other side says: a request, which has an id, or a notification, whose id is None."""

    id: Id | None
    method: str
    params: Params


class RpcFault(msgspec.Struct, frozen=True):
    """What is no message: to be answered with this error, with the id where that could be read."""

    id: Id | None
    code: int
    reason: str


class RpcBatch(msgspec.Struct, frozen=True):
    """Several of them on one line, whose answers go back on one line."""

    parts: list[RpcCall | RpcFault]


class LineSplitter:
    """Cuts bytes into lines; of one that is too long it gives None, once, and drops the bytes."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_dropping = False

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        *ends, rest = data.split(b"\n")
        for end in ends:
            yield from self._add(end)
            if not self._is_dropping:
                yield b"".join(self._pieces)
            self._is_dropping = False
            self._clear()
        yield from self._add(rest)

    def _add(self, piece: bytes) -> Iterator[None]:
        if self._is_dropping:
            return
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._longest:
            self._is_dropping = True
            self._clear()
            yield None

    def _clear(self) -> None:
        self._pieces, self._size = [], 0


def read_line(line: bytes | None) -> RpcCall | RpcFault | RpcBatch | None:
    """Return what a line says; None for an empty one, and for an answer, since nothing is ever asked here."""
    if line is None:
        return RpcFault(None, INVALID_REQUEST, f"a line is longer than {LONGEST_LINE} bytes, which is the limit")
    if not line.strip():
        return None
    try:
        value = msgspec.json.decode(line)
    except _UNREADABLE as error:
        return RpcFault(None, PARSE_ERROR, f"the line is not JSON: {error}")
    if not isinstance(value, list):
        return _read(value)
    if not value or len(value) > _MOST_IN_BATCH:
        return RpcFault(
            None, INVALID_REQUEST, f"a batch has 1 to {_MOST_IN_BATCH} messages, but this one has {len(value)}"
        )
    return RpcBatch([part for part in map(_read, value) if part is not None])


def _read(value: Any) -> RpcCall | RpcFault | None:
    if not isinstance(value, dict):
        return RpcFault(None, INVALID_REQUEST, "a message must be an object")
    number = value.get("id")
    is_id = isinstance(number, (str, int)) and not isinstance(number, bool)
    known_id = number if is_id else None
    if value.get("jsonrpc") != "2.0":
        return RpcFault(known_id, INVALID_REQUEST, 'a message must have "jsonrpc": "2.0"')
    if "method" not in value and ("result" in value or "error" in value):
        return None
    method, params = value.get("method"), value.get("params", {})
    if not isinstance(method, str):
        return RpcFault(known_id, INVALID_REQUEST, "a request must have a method, which is a string")
    if "id" in value and not is_id:
        return RpcFault(None, INVALID_REQUEST, "an id must be a string or a whole number")
    if not isinstance(params, dict):
        return RpcFault(known_id, INVALID_PARAMS, "params must be an object")
    return RpcCall(known_id, method, params)


def result_message(number: Id, result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "result": result}


def error_message(number: Id | None, code: int, reason: str, data: Any = None) -> dict[str, Any]:
    error = {"code": code, "message": reason}
    return {"jsonrpc": "2.0", "id": number, "error": error if data is None else {**error, "data": data}}


def notification_message(method: str, params: Params) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


def write_line(message: dict[str, Any] | list[dict[str, Any]]) -> bytes:
    """Return the line; in JSON no line feed is left inside."""
    return msgspec.json.encode(message) + b"\n"
