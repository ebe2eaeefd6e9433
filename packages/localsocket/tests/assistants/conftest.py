"""What the tests of this folder share: an assistant's end of a shim, in this process, and the service behind it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from localsocket import Client, ServerThread, Service
from localsocket.mcp.answers import Answers
from localsocket.mcp.conversation import Conversation
from localsocket.mcp.shim import Shim
from localsocket.testing import PATIENCE, Background

ADDRESS = "assistants.test"


@dataclass
class Item:
    name: str
    price: float = 1.0


class NotInStock(LookupError):
    """There is none of it."""

    def __init__(self, name: str, ordered: int) -> None:
        super().__init__(name)
        self.ordered = ordered


class Assistant:
    """The end of a shim that an assistant has: lines out, lines in."""

    def __init__(self, reading: int, writing: int) -> None:
        self._lines = os.fdopen(reading, "rb")
        self._writing: int = writing

    def write(self, data: bytes) -> None:
        os.write(self._writing, data)

    def read(self) -> Any:
        """Return the next line, decoded."""
        line = self._lines.readline()
        assert line.endswith(b"\n"), "the shim has ended"
        return json.loads(line)

    def say(self, method: str, params: Any = None, number: Any = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        self.write(json.dumps(message if number is None else {**message, "id": number}).encode() + b"\n")

    def ask(self, method: str, params: Any = None, number: Any = 1) -> Any:
        """Return the answer, which has to be what comes next."""
        self.say(method, params, number)
        answer = self.read()
        assert answer["id"] == number, answer
        return answer

    def agree(self, version: str = "2025-06-18") -> Any:
        result = self.ask("initialize", {"protocolVersion": version, "capabilities": {}, "clientInfo": {}}, 0)
        self.say("notifications/initialized")
        return result["result"]

    def call(self, tool: str, arguments: Any = None, number: Any = 1) -> Any:
        return self.ask("tools/call", {"name": tool, "arguments": arguments or {}}, number)["result"]

    def close(self) -> None:
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1

    def close_all(self) -> None:
        self.close()
        self._lines.close()


@contextmanager
def shim(**options: Any) -> Iterator[Assistant]:
    """Give the assistant's end of a shim that runs in a thread."""
    from_assistant, to_shim = os.pipe()
    from_shim, to_assistant = os.pipe()
    named = {key: options.pop(key) for key in ("only", "read_only", "complain") if key in options}
    named.setdefault("complain", lambda text: None)
    client_options = {"reconnect": True, "timeout": PATIENCE, **options}

    def find_answers(shim: Shim) -> Answers:
        return Answers(shim, Client(ADDRESS, **client_options), **named)

    assistant = Assistant(from_shim, to_shim)
    try:
        with Background(Shim(Conversation(ADDRESS, "1"), from_assistant, to_assistant, find_answers).run):
            try:
                yield assistant
            finally:
                assistant.close()
    finally:
        os.close(from_assistant)
        os.close(to_assistant)
        assistant.close_all()


@pytest.fixture
def service() -> Service:
    """A service with something of each kind; nobody serves it yet."""
    service = Service("shop", errors=[NotInStock], documentation="A shop.")

    @service.method(read_only=True)
    def price(name: str) -> float:
        """Return the price of a thing."""
        return {"bread": 2.5}[name]

    @service.method(idempotent=True)
    def order(item: Item, /, count: int = 1, *, note: str = "") -> Item:
        if item.name == "gold":
            raise NotInStock(item.name, count)
        return Item(f"{count} {item.name} {note}".strip(), item.price * count)

    @service.method
    def count(to: int) -> Iterator[int]:
        yield from range(to)

    @service.method(name="order.all")
    def order_all(timeout: float) -> None:
        """Order everything; its parameter is called as an option of calls is."""

    service.topic("orders", str)
    return service


@pytest.fixture
def served(service: Service) -> Iterator[Service]:
    with ServerThread(ADDRESS, service):
        yield service
