"""What a client's side of the bus says, and when: without a bus, and with a clock of the test's."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from localsocket.bridges.bus_messages import (
    OF,
    STATUS,
    WORD,
    BusAction,
    BusMessage,
    Probe,
    ServiceHello,
    Subjects,
)
from localsocket.bridges.calling_side import BusCallingSide
from localsocket.wire.call_bodies import encode_call
from localsocket.wire.frames import Kind, encode_frame
from localsocket.wire.greeting import Greeting

INSTANCE = "_INBOX.shop.1"


class Side:
    """A client's side, which an instance has greeted."""

    def __init__(self, *, waits: bool = False, durable: Sequence[str] = (), is_greeted: bool = True) -> None:
        self.now = 50.0
        subjects = Subjects("demo.shop")
        self.side = BusCallingSide("nats://h/demo.shop", subjects, "_INBOX.ada", 10_000, lambda: self.now, waits=waits)
        self.side.from_local(Greeting(role="client", max_message=1_000, stream_window=100).encode())
        if is_greeted:
            self.hello(durable)

    def hello(self, durable: Sequence[str] = ()) -> None:
        self.say(
            0, "hello 7", msgspec.msgpack.encode(ServiceHello(max_message=1_000, max_calls=4, durable=list(durable)))
        )

    def nobody_there(self, number: int) -> None:
        self.side.from_bus(BusMessage(f"_INBOX.ada.{number}", b"", {STATUS: "503"}))

    def call(self, number: int, timeout: float | None = None) -> None:
        self.side.from_local(encode_frame(Kind.CALL, number, encode_call("add", timeout, (), {}, None)))

    def say(self, number: int, word: str, payload: bytes = b"", *, reply: str = INSTANCE) -> None:
        self.side.from_bus(BusMessage(f"_INBOX.ada.{number}", payload, {WORD: word}, reply))

    def said(self) -> list[BusMessage]:
        actions: list[BusAction]
        actions, self.side.to_bus = self.side.to_bus, []
        return [action for action in actions if isinstance(action, BusMessage)]


def test_a_greeting_is_answered_with_its_number() -> None:
    assert [(each.headers or {})[WORD] for each in Side().said()] == ["open", "hello 7"]


def test_a_call_that_is_still_wanted_is_said_to_be_for_as_long_as_it_is() -> None:
    side = Side()
    side.call(1, timeout=2)
    side.said()
    side.now += 0.5
    side.say(1, "wanted 3")
    (go,) = side.said()
    assert go.subject == INSTANCE
    assert go.headers == {WORD: "go 3 50.500000 1.500000", OF: "_INBOX.ada.1"}


def test_a_call_that_nobody_waits_for_any_more_is_cancelled_when_it_is_asked_about() -> None:
    side = Side()
    side.call(1, timeout=2)
    side.side.from_local(encode_frame(Kind.CANCEL, 1, b""))
    side.said()
    side.say(1, "wanted 3")
    assert [each.headers for each in side.said()] == [{WORD: "cancel", OF: "_INBOX.ada.1"}]


@pytest.mark.parametrize("word", ["wanted 3", "hello 8", "stream"])
def test_nothing_is_said_to_what_is_no_inbox(word: str) -> None:
    """Else a member of the bus could have a client call another service."""
    side = Side()
    side.call(1)
    side.said()
    hello = msgspec.msgpack.encode(ServiceHello(max_message=1_000, max_calls=4))
    side.say(1 if word != "hello 8" else 0, word, hello, reply="localsocket.bank.call.pay")
    side.side.from_local(encode_frame(Kind.CANCEL, 1, b""))
    assert "localsocket.bank.call.pay" not in [each.subject for each in side.said()]


def test_a_call_that_is_lost_is_cancelled_wherever_it_may_be() -> None:
    side = Side()
    side.call(1)
    side.said()
    for _ in range(4):
        side.now += 2.0
        side.side.tick()
        side.side.probed()
    assert (WORD, "cancel") in [next(iter((each.headers or {}).items())) for each in side.said()]


def test_a_call_is_not_lost_while_its_answer_may_wait_on_the_way() -> None:
    """The server has more for us than has arrived: on a slow link that may take longer than it is asked for."""
    side = Side()
    side.call(1)
    for _ in range(20):
        side.now += 2.0
        side.side.tick()
    assert side.side.to_bus.count(Probe()) == 1
    side.said()
    side.say(1, "", b"\xc0", reply="")
    assert side.side.to_local[-1] == encode_frame(Kind.REPLY, 1, b"\xc0")


def test_a_client_that_waits_outlives_the_last_instance_and_its_next_call_finds_another() -> None:
    side = Side(waits=True)
    side.say(0, "bye", msgspec.msgpack.encode([]))
    assert side.side.error is None
    side.call(1)
    side.said()
    side.side.from_bus(BusMessage("_INBOX.ada.1", b"", {STATUS: "503"}))
    side.now += 0.1
    side.side.tick()
    assert [each.subject for each in side.said()] == ["localsocket.demo/shop.call.add"]
