"""What a NATS server and its clients say to each other, as bytes. Nothing here waits.

What a member of the bus made, subjects, replies and headers, may be anything that the server lets through: a message
that cannot be read is passed over, and costs nobody but its sender.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from localsocket.bridges.bus_messages import STATUS, BusMessage
from localsocket.errors import PeerBrokeProtocol
from localsocket.showing import shown

PING = b"PING\r\n"
PONG = b"PONG\r\n"

MOST_HEADERS = 16 * 1024
"""Bytes of headers, beyond which a message is passed over."""

_LONGEST_LINE = 1024 * 1024  # what a server tells of a large cluster is long
_END = b"\r\n"
_VERSION = "NATS/1.0"
_NO_SUBJECT = re.compile(r"[\x00-\x20\x7f]")
_HEADER = re.compile(r"[!-9;-~]+:[^\r\n]*")


class Info(msgspec.Struct):
    """What a server says of itself."""

    max_payload: int = 1024 * 1024
    nonce: str = ""
    tls_required: bool = False
    tls_available: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server does not do something, and says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ping:
    """The server asks whether we are there."""


@dataclass(frozen=True, slots=True)
class Pong:
    """The server has done all that was said before our ping."""


Said: TypeAlias = BusMessage | Info | Refusal | Ping | Pong

_decode_info = msgspec.json.Decoder(Info).decode


class NatsReader:
    """Takes bytes as they arrive, and gives what the server says; messages only for subscriptions in `wanted`."""

    def __init__(self, on_passed_over: Callable[[str], object]) -> None:
        self.wanted: set[int] = set()
        self._on_passed_over = on_passed_over
        self._rest = bytearray()
        self._needed = 0  # bytes, before which no more can be read of the rest

    def feed(self, data: bytes) -> list[Said]:
        """Return what has arrived whole. Raises PeerBrokeProtocol for what no NATS server says."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return []
            data = bytes(self._rest)
        said: list[Said] = []
        at = self._needed = 0
        while (end := data.find(_END, at)) >= 0:
            line = data[at:end]
            after = end + 2
            if line.startswith((b"MSG ", b"HMSG ")):
                fields = _fields(line)
                stop = after + _whole(fields[-1])
                if len(data) < stop + 2:
                    self._needed = stop + 2 - at
                    break
                if (message := self._message(fields, data, after, stop)) is not None:
                    said.append(message)
                at = stop + 2
            else:
                if (word := _word(line)) is not None:
                    said.append(word)
                at = after
        self._rest = bytearray(data[at:]) if at < len(data) else bytearray()
        if not self._needed and len(self._rest) > _LONGEST_LINE:
            raise PeerBrokeProtocol("the NATS server sent a line without an end")
        return said

    def _message(self, fields: list[bytes], data: bytes, begin: int, stop: int) -> BusMessage | None:
        has_headers = fields[0] == b"HMSG"
        if int(fields[2]) not in self.wanted:
            return None
        body = begin + (_whole(fields[-2]) if has_headers else 0)
        try:
            reply = fields[3].decode() if len(fields) == (6 if has_headers else 5) else ""
            headers = decode_headers(data[begin:body]) if has_headers else None
            return BusMessage(fields[1].decode(), data[body:stop], headers, reply)
        except ValueError as error:
            self._on_passed_over(str(error))
            return None


def _fields(line: bytes) -> list[bytes]:
    """Return the word, the subject, the subscription's number, the reply if there is one, and one size or two."""
    fields = line.split(b" ")
    if len(fields) not in ((5, 6) if fields[0] == b"HMSG" else (4, 5)) or not fields[2].isdigit():
        raise PeerBrokeProtocol(f"the NATS server sent {shown(line)}")
    return fields


def _whole(text: bytes) -> int:
    if not text.isdigit() or len(text) > 12:
        raise PeerBrokeProtocol(f"the NATS server sent {shown(text)} instead of a number")
    return int(text)


def _word(line: bytes) -> Said | None:
    if line.startswith(b"PING"):
        return Ping()
    if line.startswith(b"PONG"):
        return Pong()
    if line.startswith(b"-ERR"):
        return Refusal(line[4:].decode("utf-8", "replace").strip().strip("'"))
    if line.startswith(b"INFO "):
        try:
            return _decode_info(line[5:])
        except msgspec.DecodeError as error:
            raise PeerBrokeProtocol(f"what the NATS server says about itself cannot be read: {error}") from error
    if line.startswith(b"+OK"):
        return None
    raise PeerBrokeProtocol(f"this is not a NATS server: it sent {shown(line)}")


def decode_headers(block: bytes) -> dict[str, str]:
    """Return headers by name, with the status of a server's own messages among them. Raises ValueError."""
    if len(block) > MOST_HEADERS:
        raise ValueError(f"it has {len(block)} bytes of headers")
    first, *lines = block.decode("utf-8", "replace").split("\r\n")
    if not first.startswith(_VERSION):
        raise ValueError(f"its headers begin with {shown(first)}")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name] = value.strip()
    if len(first) > len(_VERSION):
        headers[STATUS] = first[len(_VERSION) :].strip()[:3]
    return headers


def encode_connect(told: dict[str, object]) -> bytes:
    return b"CONNECT " + msgspec.json.encode(told) + _END


def encode_subscribe(subject: str, queue: str, number: int) -> bytes:
    _check(subject, queue)
    return f"SUB {subject} {queue} {number}\r\n".encode()


def encode_unsubscribe(number: int) -> bytes:
    return b"UNSUB %d\r\n" % number


def encode_message(message: BusMessage, most: int) -> tuple[bytes, bytes, bytes]:
    """Return the parts of a message. A header that cannot be one is left out.

    Raises ValueError where no server would take it, so that it costs nothing else: it is longer than `most` with its
    headers, or its subject is none.
    """
    subject, payload, headers, reply = message
    _check(subject, reply)
    if headers is None:
        size, line = len(payload), f"PUB {subject} {reply} {len(payload)}\r\n".encode()
    else:
        lines = [line for line in map(":".join, headers.items()) if _HEADER.fullmatch(line)]
        block = "\r\n".join((_VERSION, *lines, "", "")).encode("utf-8", "replace")
        size = len(block) + len(payload)
        line = f"HPUB {subject} {reply} {len(block)} {size}\r\n".encode() + block
    if size > most:
        raise ValueError(f"it has {size} bytes with its headers, and the server's max_payload is {most}")
    return line, payload, _END


def _check(subject: str, other: str) -> None:
    if not subject or _NO_SUBJECT.search(subject + other):
        raise ValueError("a subject has no spaces or control characters")
