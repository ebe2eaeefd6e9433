"""Durable methods: their calls are stored, run at least once, and kept as dead letters when they never succeed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bridges.broker import Broker
from bridges.conftest import Bus, other_member, what_is_missing
from bridges.test_calling_side import Side
from localsocket import Service, aio
from localsocket.bridges import nats
from localsocket.bridges.bus_messages import MESSAGE_ID, STATUS, BusMessage
from localsocket.errors import BadArguments, CallFailed, DeadlinePassed, UnsuitableMethod, Unsupported
from localsocket.services.method import Method
from localsocket.wire.call_bodies import decode_failure, encode_call
from localsocket.wire.frames import Kind, encode_frame
from repository import DOCS

PAGE = DOCS / "beyond-one-machine.md"

LONG = 30.0
SOON = nats.Storing(tries=2, pause=0.01, patience=10.0)
"""So patient that no call which has run is given to another instance, only because this program stood still."""
IMPATIENT = nats.Storing(tries=2, pause=0.01, patience=0.5)


@pytest.fixture(scope="module")
def storing_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    if (missing := what_is_missing()) is not None:
        pytest.skip(missing)
    broker = Broker("--jetstream", "--store_dir", str(tmp_path_factory.mktemp("jetstream")))
    yield broker
    broker.close()


@pytest.fixture
def store(storing_broker: Broker) -> Bus:
    return Bus(storing_broker.url)


class Shop:
    """A service whose orders are stored; `fails` says which items do, and how often."""

    def __init__(self, **fails: int) -> None:
        self.orders: list[tuple[str, str]] = []
        self._fails = fails
        self._news = asyncio.Event()

    def service(self) -> Service:
        service = Service("demo.shop")

        @service.method(durable=True)
        async def order(item: str, *, message_id: str) -> None:
            self.orders.append((item, message_id))
            self._news.set()
            if self._fails.get(item, 0) > 0:
                self._fails[item] -= 1
                raise ValueError(item)

        @service.method
        async def ping() -> str:
            return "pong"

        return service

    async def until(self, count: int) -> None:
        async with asyncio.timeout(LONG):
            while len(self.orders) < count:
                self._news.clear()
                await self._news.wait()


async def letters(store: Bus, count: int) -> list[nats.DeadLetter]:
    async with asyncio.timeout(LONG):
        while len(found := await nats.dead_letters(store.address("demo.shop"))) < count:
            await asyncio.sleep(0.01)
    return found


def client(store: Bus, **options: str) -> aio.Client:
    return aio.Client(store.address("demo.shop", **options), call_timeout=LONG, reconnect=True)


async def test_a_call_is_stored_while_nobody_serves_and_run_when_somebody_does(store: Bus) -> None:
    shop = Shop()
    async with nats.serve(shop.service(), store.address("demo.shop"), storing=SOON) as serving, client(store) as ada:
        await ada.call("order", "tea", message_id="1")
        await shop.until(1)
        await serving.stop()
        await ada.call("order", "milk", message_id="2")
        await ada.notify("order", "salt", message_id="3")
        assert shop.orders == [("tea", "1")]
        async with nats.serve(shop.service(), store.address("demo.shop"), storing=SOON):
            await shop.until(3)
    assert sorted(shop.orders) == [("milk", "2"), ("salt", "3"), ("tea", "1")]


async def test_a_client_that_begins_while_nobody_serves_learns_from_the_store_what_is_durable(store: Bus) -> None:
    shop = Shop()
    async with nats.serve(shop.service(), store.address("demo.shop"), storing=SOON):
        pass
    async with client(store) as ada:
        await ada.call("order", "tea", message_id="1")
        with pytest.raises(DeadlinePassed):
            await ada.within(0.2).call("ping")  # which is for an instance
        asked = asyncio.create_task(ada.call("ping"))
        async with nats.serve(shop.service(), store.address("demo.shop"), storing=SOON):
            assert await asked == "pong"
            await shop.until(1)
    assert shop.orders == [("tea", "1")]


def test_what_the_store_keeps_counts_until_an_instance_greets_and_only_where_it_can_be_read() -> None:
    side = Side(waits=True, is_greeted=False)
    side.nobody_there(0)
    side.nobody_there(0)
    (question,) = [each for each in side.said() if each.subject.startswith("$JS.")]
    assert question.subject == "$JS.API.STREAM.INFO.localsocket=demo+shop"
    hello = '{"max_message": 1000, "max_calls": 4, "durable": ["add"]}'

    def answer(told: object) -> None:
        side.side.from_bus(BusMessage(question.reply, msgspec.json.encode(told)))

    for kept in ({}, {"localsocket": "{"}, {"localsocket": '{"durable": 7}'}, {"localsocket": 3}):
        answer({"config": {"metadata": kept}})
    answer({"error": {"code": 404}})
    assert side.side.to_local == []
    answer({"config": {"metadata": {"localsocket": hello}}})
    assert len(side.side.to_local) == 1
    side.call(1)
    assert side.said()[-1].subject == "localsocket.demo/shop.durable.add"
    side.hello()
    side.call(2)
    assert side.said()[-1].subject == "localsocket.demo/shop.call.add"


async def test_one_message_id_is_stored_once_whoever_sends_it(store: Bus) -> None:
    shop = Shop()
    async with nats.serve(shop.service(), store.address("demo.shop"), storing=SOON):
        for _ in range(3):
            async with client(store) as ada:
                await ada.call("order", "tea", message_id="a b\r\nä")
        async with client(store) as ada:
            await ada.call("order", "milk", message_id="last")
        await shop.until(2)
        assert await nats.dead_letters(store.address("demo.shop")) == []
    assert shop.orders == [("tea", "a b\r\nä"), ("milk", "last")]


async def test_a_call_that_fails_is_tried_again_and_then_kept_as_a_dead_letter(store: Bus) -> None:
    shop = Shop(once=1, ever=1_000)
    async with nats.serve(shop.service(), store.address("demo.shop"), storing=SOON), client(store) as ada:
        await ada.call("order", "ever", message_id="1")
        await ada.call("order", "once", message_id="2")
        await shop.until(4)
        (letter,) = await letters(store, 1)
    assert (letter.method, letter.arguments, letter.message_id, letter.tries) == ("order", ["ever"], "1", 2)
    assert letter.failure.startswith("failed: ")
    assert sorted(shop.orders) == [("ever", "1"), ("ever", "1"), ("once", "2"), ("once", "2")]


async def test_what_would_fail_in_the_same_way_is_a_dead_letter_at_once(store: Bus) -> None:
    shop = Shop()
    async with nats.serve(shop.service(), store.address("demo.shop"), storing=SOON), client(store) as ada:
        await ada.call("order", 4711, message_id="1")
        (letter,) = await letters(store, 1)
    assert (letter.arguments, letter.tries) == ([4711], 1)
    assert letter.failure.startswith("bad-arguments: ")
    assert shop.orders == []


async def test_a_call_whose_instance_is_heard_no_more_is_run_by_another(store: Bus) -> None:
    begun = asyncio.Event()
    stuck, shop = Service("demo.shop"), Shop()

    @stuck.method(durable=True)
    async def order(item: str, *, message_id: str) -> None:
        begun.set()
        await asyncio.Event().wait()

    first = await nats.serve(stuck, store.address("demo.shop"), storing=IMPATIENT)
    async with client(store) as ada:
        await ada.call("order", "tea", message_id="1")
        await begun.wait()
        assert first._stored is not None
        assert first._stored._store is not None
        await first._stored._store._link.close()  # so that nothing more is heard of it
        async with nats.serve(shop.service(), store.address("demo.shop"), storing=IMPATIENT):
            await shop.until(1)
        await first.stop(timeout=0)
    assert set(shop.orders) == {("tea", "1")}  # at least once


async def test_a_call_that_no_instance_outlives_is_a_dead_letter(store: Bus) -> None:
    """Its number of deliveries says so, though none has told how it ended."""
    shop = Shop()
    tries_before = nats.Storing(tries=1, pause=0.01, patience=0.5)
    async with (
        nats.serve(shop.service(), store.address("demo.shop"), storing=tries_before) as serving,
        client(store) as ada,
    ):
        assert serving._stored is not None
        real = serving._stored._call

        async def killed(message: BusMessage) -> str:
            serving._stored._call = real  # type: ignore[union-attr, method-assign]
            raise asyncio.CancelledError  # after which it is given back, as after a time

        serving._stored._call = killed  # type: ignore[method-assign]
        await ada.call("order", "poison", message_id="1")
        (letter,) = await letters(store, 1)
    assert letter.failure.startswith("lost: ")
    assert shop.orders == []


async def test_an_instance_says_that_it_lives_while_a_call_runs(store: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as it does, nobody else is given the call."""
    service, go_on = Service("demo.shop"), asyncio.Event()
    said: list[bytes] = []

    @service.method(durable=True, idempotent=True)
    async def slow() -> None:
        await go_on.wait()

    shortly = nats.Storing(patience=0.3)
    async with nats.serve(service, store.address("demo.shop"), storing=shortly) as serving, client(store) as ada:
        assert serving._stored is not None
        assert serving._stored._store is not None
        really = serving._stored._store.say

        def say(subject: str, payload: bytes) -> None:
            said.append(payload)
            really(subject, payload)

        monkeypatch.setattr(serving._stored._store, "say", say)
        await ada.call("slow")
        async with asyncio.timeout(LONG):
            while said.count(b"+WPI") < 2:
                await asyncio.sleep(0.01)
        go_on.set()


def test_the_example_of_the_page_prints_what_stands_below_it(store: Bus, capsys: pytest.CaptureFixture[str]) -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Calls that must not be lost")[2]
    program, printed = re.findall(r"^```(?:python|text)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[:2]
    assert '"nats://localhost/demo.orders"' in program
    exec(program.replace("nats://localhost/demo.orders", store.address("demo.orders")), {"__name__": "example"})
    assert capsys.readouterr().out == printed


async def test_others_have_a_call_stored_with_json(store: Bus) -> None:
    shop, address = Shop(), store.address("demo.shop")
    async with other_member(store) as link, nats.serve(shop.service(), address, storing=SOON):
        subject, payload = f"{store.prefix}.demo/shop.durable.order", b'{"item": "tea", "message_id": "1"}'
        stored = await link.request(subject, payload, timeout=LONG, headers={"Nats-Msg-Id": "1"})
        again = await link.request(subject, payload, timeout=LONG, headers={"Nats-Msg-Id": "1"})
        assert "duplicate" not in json.loads(stored.data)
        assert json.loads(again.data)["duplicate"] is True
        await link.request(subject, b"\xff", timeout=LONG)
        (letter,) = await letters(store, 1)
        assert letter.failure.startswith("bad-arguments")
        await shop.until(1)
    assert shop.orders == [("tea", "1")]


async def test_a_stored_call_counts_for_who_has_signed_it(store: Bus, tmp_path: Path) -> None:
    shop = Shop()
    (tmp_path / "ada").write_bytes(b"ada" * 10)
    signed_by = nats.SignedBy({"ada": (b"ada" * 10, 4711)})
    address = store.address("demo.shop")
    async with (
        nats.serve(shop.service(), address, identity=signed_by, storing=SOON),
        client(store, signer="ada", signing_key=str(tmp_path / "ada")) as ada,
    ):
        await ada.call("order", "tea", message_id="1")
        await shop.until(1)
        forged = BusMessage(f"{store.prefix}.demo/shop.durable.order", b'["milk"]')
        async with other_member(store) as link:
            await link.request(forged.subject, forged.payload, timeout=LONG)
        (letter,) = await letters(store, 1)
    assert letter.failure.startswith("not-allowed")
    assert shop.orders == [("tea", "1")]


async def test_nothing_is_stored_for_a_service_without_durable_methods(store: Bus) -> None:
    service = Service("demo.plain")

    @service.method
    async def ping() -> str:
        return "pong"

    async with (
        other_member(store) as link,
        nats.serve(service, store.address("demo.plain")),
        aio.Client(store.address("demo.plain"), call_timeout=LONG) as plain,
    ):
        assert await plain.call("ping") == "pong"
        told = await link.request("$JS.API.STREAM.NAMES", b"", timeout=LONG)
        assert not [name for name in json.loads(told.data)["streams"] or [] if name.startswith(store.prefix)]


async def test_without_jetstream_a_durable_method_is_not_served(bus: Bus) -> None:
    with pytest.raises(Unsupported, match="--jetstream"):
        await nats.serve(Shop().service(), bus.address("demo.shop"))
    with pytest.raises(Unsupported, match="--jetstream"):
        await nats.dead_letters(bus.address("demo.shop"))


async def test_on_one_machine_a_durable_method_is_called_as_any_other() -> None:
    shop = Shop(milk=1)
    async with aio.serve("demo.shop", shop.service()), aio.Client("demo.shop", call_timeout=LONG) as ada:
        await ada.call("order", "tea", message_id="1")
        assert shop.orders == [("tea", "1")]
        with pytest.raises(CallFailed):
            await ada.call("order", "milk", message_id="2")


async def test_a_message_id_that_is_none_is_refused_before_it_is_sent(store: Bus) -> None:
    async with nats.serve(Shop().service(), store.address("demo.shop"), storing=SOON), client(store) as ada:
        for wrong in (4711, "x" * 600):
            with pytest.raises(BadArguments, match="message_id"):
                await ada.call("order", "tea", message_id=wrong)


# --- what may be durable ----------------------------------------------------------------------------------------------


def gives(item: str, *, message_id: str) -> int:
    return 1


def streams(*, message_id: str) -> Iterator[int]:
    yield 1


def plain(item: str) -> None: ...


def positional(message_id: str) -> None: ...


def numbered(*, message_id: int) -> None: ...


@pytest.mark.parametrize("function", [gives, streams, plain, positional, numbered])
def test_a_method_that_could_not_be_run_later_or_twice_is_not_durable(function: object) -> None:
    with pytest.raises(UnsuitableMethod, match=r"durable|message_id"):
        Method("order", function, durable=True)  # type: ignore[arg-type]


def test_what_changes_nothing_is_not_stored() -> None:
    with pytest.raises(UnsuitableMethod, match="read_only"):
        Method("plain", plain, durable=True, read_only=True)


def test_what_is_harmless_twice_needs_no_message_id() -> None:
    method = Method("plain", plain, durable=True, idempotent=True)
    assert (method.durable, method.idempotent) == (True, True)


@pytest.mark.parametrize(
    "options", [{"tries": 0}, {"at_once": 0}, {"pause": -1}, {"patience": 0}, {"dead": float("nan")}]
)
def test_a_way_to_store_that_makes_no_sense_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        nats.Storing(**options)  # type: ignore[arg-type]


# --- without a bus ----------------------------------------------------------------------------------------------------


def stored(*, waits: bool = False) -> tuple[Side, BusMessage]:
    side = Side(waits=waits, durable=["order"])
    body = encode_call("order", None, ("tea",), {"message_id": "4711"}, None)
    side.said()
    side.side.from_local(encode_frame(Kind.CALL, 1, body))
    (request,) = side.said()
    return side, request


def test_a_call_that_is_to_be_stored_is_sent_again_until_it_is() -> None:
    side, request = stored()
    assert (request.headers or {})[MESSAGE_ID] == "order:4711"
    for _ in range(5):
        side.now += 2.0
        side.side.tick()
        assert side.said() == [request]
    side.side.from_bus(BusMessage("_INBOX.ada.1", b'{"stream":"s","seq":1,"duplicate":true}'))
    assert side.side.to_local[-1] == encode_frame(Kind.REPLY, 1, b"\xc0")
    side.now += 2.0
    side.side.tick()
    assert side.said() == []


@pytest.mark.parametrize("payload", [b'{"error":{"code":503,"description":"too many"}}', b"\xff", b"[]"])
def test_a_call_that_is_not_stored_has_failed(payload: bytes) -> None:
    side, _ = stored()
    side.side.from_bus(BusMessage("_INBOX.ada.1", payload))
    assert "not stored" in decode_failure(side.side.to_local[-1][12:]).message


def test_a_client_goes_on_having_calls_stored_when_the_last_instance_has_gone() -> None:
    side, _ = stored(waits=True)
    side.say(0, "bye", msgspec.msgpack.encode([]))
    side.side.from_bus(BusMessage("_INBOX.ada.1", b'{"stream":"s","seq":1}'))
    side.side.from_bus(BusMessage("_INBOX.ada.0", b"", {STATUS: "503"}))  # nobody else is there
    assert side.side.error is None


def test_where_nobody_stores_it_a_call_is_not_there() -> None:
    side, _ = stored()
    side.side.from_bus(BusMessage("_INBOX.ada.1", b"", {STATUS: "503"}))
    assert decode_failure(side.side.to_local[-1][12:]).code == "not-there"
