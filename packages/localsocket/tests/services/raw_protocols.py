"""How a stranger speaks each protocol of a service, byte by byte: what is right, and what is wrong."""

from __future__ import annotations

import abc
import json
from typing import Any, ClassVar

import msgspec

from localsocket.services.protocols import ProtocolName
from localsocket.wire.varlink import camel_case
from services.raw_peers import connect_raw
from wire.broken_varlink import BROKEN as BROKEN_VARLINK
from wire.building import FAILURE, HEADER, NOTIFICATION, REPLY, call, frame, greeting, pack
from wire.http_building import request, responses
from wire.test_hostile_peers import BROKEN as BROKEN_FRAMES
from wire.test_hostile_peers import WRONG_GREETINGS
from wire.test_http_door import BROKEN as BROKEN_REQUESTS

INTERFACE = "contract.service"


class Stranger(abc.ABC):
    """A raw connection to a service, by one protocol. Arguments are named; where they have places, in that order."""

    protocol: ClassVar[ProtocolName]
    broken: ClassVar[dict[str, bytes]]
    """What is wrong with something that ends the connection, and that."""

    def __init__(self, address: str) -> None:
        self.socket = connect_raw(address)
        self._arrived = b""

    def __enter__(self) -> Stranger:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, method: str, **named: object) -> None:
        self.socket.sendall(self.call(method, **named))

    def ask(self, method: str, **named: object) -> tuple[str, Any]:
        self.say(method, **named)
        return self.hear()

    def hear(self) -> tuple[str, Any]:
        """Return "result" and what it is, or the code of an error and what is told. EOFError at the end."""
        while (answer := self.take()) is None:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise EOFError(self._arrived)
            self._arrived += piece
        return answer

    @abc.abstractmethod
    def call(self, method: str, **named: object) -> bytes:
        """Return a call; the first of a connection brings a greeting where that is asked for."""

    @abc.abstractmethod
    def notification(self, method: str, **named: object) -> bytes: ...

    @abc.abstractmethod
    def take(self) -> tuple[str, Any] | None:
        """Return the next answer of what has arrived, if one is whole."""


class OfOurs(Stranger):
    protocol = "localsocket"
    broken: ClassVar[dict[str, bytes]] = {
        **WRONG_GREETINGS,
        **{name: greeting("client") + said for name, said in BROKEN_FRAMES.items()},
        "a number in use": greeting("client") + call(1, "hold") + call(1, "add", 2, 3),
    }

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._number = 0
        self._greets = greeting("client")

    def call(self, method: str, **named: object) -> bytes:
        self._number += 1
        return self._greeting() + call(self._number, method, *named.values())

    def notification(self, method: str, **named: object) -> bytes:
        return self._greeting() + frame(NOTIFICATION, 0, pack((method, None, list(named.values()))))

    def _greeting(self) -> bytes:
        """Return what is said first, once."""
        greets, self._greets = self._greets, b""
        return greets

    def take(self) -> tuple[str, Any] | None:
        while len(self._arrived) >= HEADER.size:
            length, kind, _, _, _ = HEADER.unpack_from(self._arrived)
            end = HEADER.size + length
            if len(self._arrived) < end:
                return None
            body, self._arrived = self._arrived[HEADER.size : end], self._arrived[end:]
            if kind in (REPLY, FAILURE):
                told = msgspec.msgpack.decode(body)
                return ("result", told) if kind == REPLY else (told[0], told[2])
        return None


_NOTE = b'{"method":"contract.service.Note","parameters":{"what":"x"},"oneway":true}\0'  # so that it is varlink


class OfVarlink(Stranger):
    protocol = "varlink"
    broken: ClassVar[dict[str, bytes]] = {
        name: said if said.startswith(b"{") else _NOTE + said for name, said in BROKEN_VARLINK.items()
    }
    _codes: ClassVar[dict[str, str]] = {
        "org.varlink.service.InvalidParameter": "bad-arguments",
        "org.varlink.service.MethodNotFound": "no-such-method",
        "org.varlink.service.PermissionDenied": "not-allowed",
        "localsocket.service.Failed": "failed",
    }

    def call(self, method: str, **named: object) -> bytes:
        return self._message(method, named)

    def notification(self, method: str, **named: object) -> bytes:
        return self._message(method, named, oneway=True)

    def _message(self, method: str, named: dict[str, object], **flags: bool) -> bytes:
        said = {"method": f"{INTERFACE}.{camel_case(method)}", "parameters": named, **flags}
        return json.dumps(said).encode() + b"\0"

    def take(self) -> tuple[str, Any] | None:
        message, end, rest = self._arrived.partition(b"\0")
        if not end:
            return None
        self._arrived = rest
        told = json.loads(message)
        parameters = told["parameters"]
        if "error" not in told:
            return "result", parameters.get("result")
        return self._codes.get(told["error"], "raised"), parameters


class OfHttp(Stranger):
    protocol = "http"
    broken: ClassVar[dict[str, bytes]] = {name: said for name, said, _ in BROKEN_REQUESTS}

    def call(self, method: str, **named: object) -> bytes:
        return request(f"/{method}", json.dumps(named).encode())

    def notification(self, method: str, **named: object) -> bytes:
        return request(f"/{method}", json.dumps(named).encode(), "Prefer: respond-async")

    def take(self) -> tuple[str, Any] | None:
        head, end, rest = self._arrived.partition(b"\r\n\r\n")
        if not end:
            return None
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        if len(rest) < length:
            return None
        (told,) = responses(head + end + rest[:length])
        self._arrived = rest[length:]
        if told.status == 202:
            return self.take()
        return ("result", told.json) if told.status == 200 else (told.json["code"], told.json.get("parts"))


STRANGERS: dict[str, type[Stranger]] = {kind.protocol: kind for kind in (OfOurs, OfVarlink, OfHttp)}
