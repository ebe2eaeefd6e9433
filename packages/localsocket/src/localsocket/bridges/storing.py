"""How calls of durable methods are stored, and what has become of those that never succeeded: for users."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import msgspec

from localsocket.bridges.bus_messages import CONTENT_TYPE, DEAD, MSGPACK, Subjects, named_method
from localsocket.bridges.jetstream import NO_MESSAGE, NO_STREAM, Declined, JetStream
from localsocket.bridges.nats_address import parse_nats_address
from localsocket.bridges.nats_protocol import decode_headers
from localsocket.deadlines import Deadline
from localsocket.services.method import MESSAGE_ID
from localsocket.sockets.connector import CONNECT_TIMEOUT

_DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Storing:
    """How JetStream stores the calls of a service's durable methods; the same for all instances. Times in seconds.

    `duplicates`: how long a `message_id` is remembered, so that a repeated call is stored only once.
    `tries`: how many times a call is run at most before it becomes a dead letter.
    `pause`: the time before its second try; it doubles before each further one, up to a minute.
    `patience`: after how long without news a call is given to another instance; an instance reports while it runs a
    call.
    `at_once`: how many calls each instance runs at the same time.
    `dead`: how long a dead letter is kept.
    `replicas`: how many servers of a cluster store each call.
    """

    duplicates: float = 120.0
    tries: int = 5
    pause: float = 1.0
    patience: float = 30.0
    at_once: int = 16
    dead: float = 30 * _DAY
    replicas: int = 1

    def __post_init__(self) -> None:
        for name in ("tries", "at_once", "replicas"):
            if type(getattr(self, name)) is not int or getattr(self, name) < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, not {getattr(self, name)!r}")
        for name in ("duplicates", "patience", "dead"):
            if not 0.1 <= getattr(self, name) < 1e9:
                raise ValueError(f"{name} must be at least 0.1 seconds, not {getattr(self, name)!r}")
        if not 0 <= self.pause < 1e9:
            raise ValueError(f"pause must be a number of seconds, not {self.pause!r}")


AS_USUAL = Storing()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A call of a durable method that was given up, after `tries` tries, the last of which failed with `failure`.

    `message_id` is empty if the caller gave none. `arguments` and `named` are as they were sent.
    """

    method: str
    arguments: list[Any]
    named: dict[str, Any]
    message_id: str
    tries: int
    failure: str


async def dead_letters(url: str, *, timeout: float | None = CONNECT_TIMEOUT) -> list[DeadLetter]:
    """Return the calls of the service at `nats://host/name` that were given up, oldest first.

    They stay stored until their time has passed. Raises what connecting raises, and Unsupported if the NATS server
    stores nothing.
    """
    address = parse_nats_address(url)
    names = Subjects(address.service, address.prefix)
    stream = JetStream(address, f"dead letters of {address.service}")
    found: list[DeadLetter] = []
    await stream.open(Deadline(timeout))
    try:
        number = 1
        while True:
            told = await stream.ask(f"STREAM.MSG.GET.{names.dead_stream}", {"seq": number, "next_by_subj": ">"})
            number = told["message"]["seq"] + 1
            found.append(_dead_letter(names, told["message"]))
    except Declined as error:
        if error.code not in (NO_MESSAGE, NO_STREAM):
            raise
        return found
    finally:
        await stream.close()


def _dead_letter(names: Subjects, stored: dict[str, Any]) -> DeadLetter:
    headers = decode_headers(_decoded(stored.get("hdrs", "")))
    payload = _decoded(stored.get("data", ""))
    try:
        decoded: Any = (
            msgspec.msgpack.decode(payload) if headers.get(CONTENT_TYPE) == MSGPACK else msgspec.json.decode(payload)
        )
    except msgspec.DecodeError:
        decoded = payload
    is_both = headers.get(CONTENT_TYPE) == MSGPACK and isinstance(decoded, list) and len(decoded) == 2
    arguments, named = decoded if is_both else (decoded, {}) if isinstance(decoded, list) else ([], decoded)
    named = named if isinstance(named, dict) else {}
    tries, _, failure = headers.get(DEAD, "0").partition(" ")
    method = named_method(stored["subject"].removeprefix(names.dead_letter("")))
    return DeadLetter(
        method,
        arguments if isinstance(arguments, list) else [arguments],
        named,
        str(named.get(MESSAGE_ID, "")),
        int(tries) if tries.isdigit() else 0,
        failure,
    )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""
