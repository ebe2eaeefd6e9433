"""What a client's side of the bus says, and when: without a bus, and with a clock of the test's."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from localsocket.bridges.bus_messages import (
    LIFE,
    NUMBER,
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
from localsocket.errors import ClosedByPeer
from localsocket.services.failures import error_of
from localsocket.services.method import SUBSCRIBE_NUMBERED
from localsocket.wire.call_bodies import decode_failure, encode_call
from localsocket.wire.frames import FrameDecoder, Kind, encode_frame
from localsocket.wire.greeting import Greeting

INSTANCE = "_INBOX.shop.1"


class Side:
    """A client's side, which an instance has greeted."""

    def __init__(
        self,
        *,
        waits: bool = False,
        durable: Sequence[str] = (),
        idempotent: Sequence[str] = (),
        is_greeted: bool = True,
    ) -> None:
        self.now = 50.0
        subjects = Subjects("demo.shop")
        self.side = BusCallingSide("nats://h/demo.shop", subjects, "_INBOX.ada", 10_000, lambda: self.now, waits=waits)
        self.side.from_local(Greeting(role="client", max_message=1_000, stream_window=100).encode())
        if is_greeted:
            self.hello(durable, idempotent)

    def hello(self, durable: Sequence[str] = (), idempotent: Sequence[str] = (), *, instance: str = INSTANCE) -> None:
        greeting = ServiceHello(max_message=1_000, max_calls=4, durable=list(durable), idempotent=list(idempotent))
        self.say(0, "hello 7", msgspec.msgpack.encode(greeting), reply=instance)

    def run_by(self, instance: str, number: int) -> None:
        self.say(0, "have", msgspec.msgpack.encode([number]), reply=instance)

    def bye(self, instance: str) -> None:
        self.say(0, "bye", msgspec.msgpack.encode([]), reply=instance)

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


# --- calls that may be repeated --------------------------------------------------------------------------------------


def test_a_call_that_was_lost_with_the_last_instance_ends_the_connection_though_another_one_greets_first() -> None:
    """The client makes it again on the next connection, and counts that: the call is not kept here for seconds."""
    side = Side(waits=True, idempotent=["add"])
    side.call(1)
    side.run_by(INSTANCE, 1)
    side.bye(INSTANCE)
    assert side.side.error is None
    side.hello(idempotent=["add"], instance="_INBOX.shop.2")
    assert isinstance(side.side.error, ClosedByPeer)


def test_a_call_that_was_lost_is_sent_again_beside_one_that_has_not_been_run() -> None:
    side = Side(waits=True, idempotent=["add"])
    side.call(1)
    side.run_by(INSTANCE, 1)
    side.call(2)
    side.bye(INSTANCE)
    side.nobody_there(0)
    side.nobody_there(2)
    side.hello(idempotent=["add"], instance="_INBOX.shop.2")
    side.said()
    side.now += 0.1
    side.side.tick()
    assert {each.reply for each in side.said()} >= {"_INBOX.ada.1", "_INBOX.ada.2"}
    assert side.side.error is None


def test_a_note_for_which_nobody_was_there_is_not_lost_with_a_call() -> None:
    side = Side(waits=True, idempotent=["add"])
    side.call(1)
    side.run_by(INSTANCE, 1)
    side.side.from_local(encode_frame(Kind.NOTIFICATION, 0, encode_call("add", None, (), {}, None)))
    note = side.said()[-1].reply
    side.bye(INSTANCE)
    side.nobody_there(int(note.rpartition(".")[2]))
    side.hello(idempotent=["add"], instance="_INBOX.shop.2")
    assert side.side.error is None
    side.now += 0.1
    side.side.tick()
    assert note in [each.reply for each in side.said()]


def test_a_call_is_not_given_to_one_instance_after_the_other_for_ever() -> None:
    side = Side(waits=True, idempotent=["add"])
    side.call(1)
    for attempt in range(1, 5):
        side.hello(idempotent=["add"], instance=f"_INBOX.shop.{attempt}0")
        side.run_by(f"_INBOX.shop.{attempt}0", 1)
        assert len(side.side.to_local) == 1, "the greeting alone"
        side.bye(f"_INBOX.shop.{attempt}0")
        side.side.tick()
    _, (kind, number, body) = FrameDecoder(10_000).feed(b"".join(side.side.to_local))
    assert (kind, number) == (Kind.FAILURE, 1)
    error = error_of(decode_failure(body), "add", {})
    assert isinstance(error, ClosedByPeer)
    assert error.attempts == 4
    requests = [each for each in side.said() if each.reply == "_INBOX.ada.1" and each.subject.endswith("call.add")]
    assert len(requests) == 4


# --- topics -----------------------------------------------------------------------------------------------------------

OLD, NEW = b"old", b"new"


class Follower(Side):
    """A side that follows `news`, as call 1, of the instance that has greeted it."""

    def __init__(self) -> None:
        super().__init__(waits=True)
        self.side.from_local(encode_frame(Kind.CALL, 1, encode_call(SUBSCRIBE_NUMBERED, None, ("news",), {}, None)))
        self.position(OLD)
        self.said()

    def position(self, life: bytes, last: int = 3) -> None:
        self.side.from_bus(BusMessage("_INBOX.ada.1", msgspec.msgpack.encode((last, life, 8, "drop_oldest"))))

    def publish(self, life: bytes, number: int) -> None:
        headers = {NUMBER: str(number), LIFE: life.hex()}
        self.side.from_bus(BusMessage("localsocket.demo/shop.topic.news", b"\x07", headers))

    def greet(self) -> None:
        self.say(
            0, "hello 1", msgspec.msgpack.encode(ServiceHello(max_message=1_000, max_calls=4)), reply="_INBOX.next.1"
        )

    def tick(self, seconds: float) -> list[str]:
        """Let time go by, with all here that the NATS server had, and return the methods that were asked for."""
        self.now += seconds
        for _ in range(2):
            self.side.tick()
            self.side.probed()
        return self.asked()

    def asked(self) -> list[str]:
        return [each.subject.rpartition(".")[2] for each in self.said() if ".call." in each.subject]

    @property
    def kinds(self) -> list[int]:
        """What the client has been told, after its greeting."""
        return [kind for kind, _, _ in FrameDecoder(1_000).feed(b"".join(self.side.to_local))][1:]


BEGUN = [Kind.STREAM, Kind.ITEM]
GOES_ON, ENDED = [*BEGUN, Kind.ITEM], [*BEGUN, Kind.FAILURE]


def test_each_greeting_asks_again_for_what_is_followed() -> None:
    side = Follower()
    side.greet()
    assert side.asked() == ["localsocket/subscribe"]
    side.position(NEW)
    side.publish(NEW, 4)
    assert side.kinds == GOES_ON


def test_an_answer_to_a_subscription_that_was_lost_is_asked_for_at_the_next_greeting() -> None:
    side = Side(waits=True)
    side.side.from_local(encode_frame(Kind.CALL, 1, encode_call(SUBSCRIBE_NUMBERED, None, ("news",), {}, None)))
    side.said()
    side.hello()
    assert [each.subject.rpartition(".")[2] for each in side.said()] == ["1", "localsocket/subscribe"]


@pytest.mark.parametrize("life", [OLD, NEW])
@pytest.mark.parametrize("by", ["position", "publish"])
def test_what_is_followed_goes_on_after_its_last_instance_only_where_its_numbers_do(life: bytes, by: str) -> None:
    side = Follower()
    side.say(0, "bye", msgspec.msgpack.encode([]))
    assert side.asked() == ["localsocket/open"]
    side.greet()
    if by == "position":
        side.position(life)
    side.publish(life, 4)
    assert side.kinds == (GOES_ON if life == OLD else ENDED)


def test_what_is_followed_is_doubted_until_an_instance_goes_on_with_its_numbers() -> None:
    side = Follower()
    side.say(0, "bye", msgspec.msgpack.encode([]))
    side.position(OLD)
    side.position(NEW)
    side.publish(NEW, 4)
    assert side.kinds == GOES_ON


def test_instances_that_leave_whenever_they_are_found_are_looked_for_in_peace() -> None:
    side = Follower()
    side.say(0, "bye", msgspec.msgpack.encode([]))
    assert side.asked() == ["localsocket/open"]
    side.greet()
    side.said()
    side.say(0, "bye", msgspec.msgpack.encode([]), reply="_INBOX.next.1")
    assert side.asked() == []
    assert side.tick(0.1) == ["localsocket/open"]


def test_an_instance_that_is_silent_for_long_is_taken_for_gone() -> None:
    side = Follower()
    assert side.tick(29) == []
    assert side.tick(2) == ["localsocket/open"]
    side.nobody_there(0)
    assert isinstance(side.side.error, ClosedByPeer)


def test_an_instance_is_not_gone_while_its_greeting_may_wait_on_the_way() -> None:
    side = Follower()
    side.now += 40
    side.side.tick()
    side.side.tick()
    side.hello()
    side.side.probed()
    assert side.tick(0) == ["localsocket/subscribe"]


def test_one_of_many_instances_that_is_silent_costs_nothing() -> None:
    side = Follower()
    side.now += 29
    side.greet()
    side.said()
    assert side.tick(10) == []
    side.publish(NEW, 4)
    assert side.kinds == GOES_ON


def test_nobody_there_for_what_is_followed_says_that_all_have_gone_without_a_word() -> None:
    side = Follower()
    side.nobody_there(1)
    side.nobody_there(1)
    assert side.asked() == ["localsocket/open"]
    side.nobody_there(0)
    assert isinstance(side.side.error, ClosedByPeer)
