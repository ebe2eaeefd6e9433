"""What the tests of varlink share: a service with something of everything, and a peer that says whatever it is told."""

from __future__ import annotations

import contextlib
import enum
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localsocket import CallLimits, Service
from localsocket.testing import PATIENCE
from services.raw_peers import connect_raw

INTERFACE = "demo.shop"


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


@dataclass
class Item:
    name: str
    price: float = 1.5
    colour: Colour | None = None


class NotFound(Exception):
    """There is no such item."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name!r}")
        self.name = name
        self.tried = 2


class Shop(Service):
    """Counts what was noted, and holds a call until it is let go."""

    def __init__(self, *, is_async: bool = False, **options: Any) -> None:
        super().__init__(INTERFACE, version="1.0", documentation="Sells.", errors=[NotFound], **options)
        self.noted: list[int] = []
        self.made = 0
        self.is_held = threading.Event()
        self.may_go_on = threading.Event()
        for method in (self.take_one, self.find, self.add, self.note, self.fail, self.count, self.hold, self.echo):
            self.method(method)
        self.method(self.forbidden, allow=[2**31])
        self.ticks = self.topic("ticks", Item, documentation="What is sold.")
        if is_async:
            self.method(idle)

    def take_one(self, name: str, colour: Colour = Colour.RED) -> Item:
        """Take one from the shelf."""
        return Item(name, colour=colour)

    def find(self, name: str) -> Item:
        raise NotFound(name)

    def add(self, a: int, b: int = 1) -> int:
        return a + b

    def note(self, number: int | None) -> None:
        self.noted.append(-1 if number is None else number)

    def fail(self) -> int:
        raise RuntimeError("of nobody's business")

    def count(self, to: int, size: int = 0) -> Iterator[Any]:
        for number in range(to):
            self.made += 1
            yield "x" * size if size else number

    def hold(self) -> int:
        self.is_held.set()
        assert self.may_go_on.wait(PATIENCE)
        return 7

    def echo(self, value: Any) -> Any:
        return value

    def forbidden(self) -> int:
        raise AssertionError("it is not allowed")


async def idle() -> None:
    """Have the service served by asyncio."""


def shop(**options: Any) -> Shop:
    options.setdefault("limits", CallLimits(greeting=PATIENCE))
    return Shop(**options)


class Peer:
    """A socket to which a client of varlink says what it is told."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._arrived = b""

    def say(self, method: str, *, more: bool | None = None, oneway: bool | None = None, **parameters: Any) -> None:
        flags = {name: value for name, value in (("more", more), ("oneway", oneway)) if value is not None}
        said = {"method": method if "." in method else f"{INTERFACE}.{method}", "parameters": parameters, **flags}
        self.socket.sendall(json.dumps(said).encode() + b"\0")

    def ask(self, method: str, **parameters: Any) -> Any:
        self.say(method, **parameters)
        return self.hear()

    def hear(self) -> Any:
        """Return the next message. EOFError when the connection is closed instead."""
        while b"\0" not in self._arrived:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise EOFError(self._arrived)
            self._arrived += piece
        message, _, self._arrived = self._arrived.partition(b"\0")
        return json.loads(message)


@contextlib.contextmanager
def talking(address: str) -> Iterator[Peer]:
    with connect_raw(address) as sock:
        yield Peer(sock)
