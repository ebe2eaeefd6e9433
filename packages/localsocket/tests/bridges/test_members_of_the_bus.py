"""What other members of a NATS server's bus send: it is as hostile as any peer's, and costs its sender alone."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from bridges.conftest import Bus, other_member
from bridges.shop import shop
from localsocket import Service, aio
from localsocket.bridges import nats
from localsocket.bridges.bus_messages import OF, WORD, BusMessage, CallerHello
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import NoSuchMethod
from localsocket.services.limits import CallLimits

LONG = 30.0
"""Seconds in which happens what must."""


async def test_an_answer_never_goes_to_what_is_no_inbox(bus: Bus) -> None:
    """Else a service would call another one in its own name, with what somebody else wrote."""
    service = shop()
    called: list[str] = []

    @service.method
    async def note(what: str) -> str:
        called.append(what)
        return what

    async with nats.serve(service, bus.address("demo.shop")), other_member(bus) as link:
        root = f"{bus.prefix}.demo/shop.call"
        await link.publish(f"{root}.note", b'["deputy"]', reply=f"{root}.note")
        assert (await link.request(f"{root}.note", b'["direct"]', timeout=LONG)).data == b'"direct"'
        assert called == ["direct"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Localsocket": "call"},
        {"Localsocket": "call", "Localsocket-Timeout": "never"},
        {"Localsocket": "call x"},
        {"Localsocket": "credit 99999999999999999999", "Localsocket-Of": "_INBOX.somebody.1"},
        {"Localsocket": "hello", "Localsocket-Of": "_INBOX.somebody.0"},
        {"Localsocket": "item 1"},
        {"Content-Type": "application/msgpack"},
    ],
)
async def test_what_a_member_of_the_bus_sends_costs_itself_alone(bus: Bus, headers: dict[str, str]) -> None:
    async with (
        other_member(bus) as link,
        nats.serve(shop(), bus.address("demo.shop")),
        aio.Client(bus.address("demo.shop"), call_timeout=LONG) as client,
    ):
        for subject in ("call.add", "call.a", "control"):
            for reply in ("", "_INBOX.somebody.1", "_INBOX.somebody", "_INBOX.somebody.x"):
                await link.publish(f"{bus.prefix}.demo/shop.{subject}", b"\xff\x00" * 20, reply, headers)
        await link.flush(30)
        assert await client.call("add", 2, 3) == 5


@pytest.mark.parametrize(
    ("subject", "reply", "block"),
    [
        ("call.add", b"_INBOX.\xff", b""),
        ("call.a\x0bb", b"_INBOX.x", b""),
        ("call.add", b"_INBOX.x", b"NATS/1.0 \xff\xff\xff\r\n\r\n"),
        ("call.add", b"_INBOX.x", b"\r\n"),
        ("call.add", b"_INBOX.x", b"NATS/1.0\r\nContent-Type: \xff\r\na b: c\r\n\r\n"),
        ("call.add", b"_INBOX.x", b"NATS/1.0\r\n" + b"a:\r\n" * 50_000 + b"\r\n"),
        (
            "call.add",
            b"_INBOX.x",
            b"NATS/1.0\r\n" + b"".join(b"a%d:\r\n" % number for number in range(1_000)) + b"\r\n",
        ),
    ],
)
async def test_bytes_that_no_client_would_send_cost_a_service_nothing(
    bus: Bus, caplog: pytest.LogCaptureFixture, subject: str, reply: bytes, block: bytes
) -> None:
    """They come as the server lets them through, which does not look at them."""
    head = f"{bus.prefix}.demo/shop.{subject}".encode() + b" " + reply
    async with (
        nats.serve(shop(), bus.address("demo.shop")) as serving,
        aio.Client(bus.address("demo.shop"), call_timeout=LONG) as client,
    ):
        await client.call("add", 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(bus.url.rpartition(":")[2]))
        await reader.readline()
        writer.write(b'CONNECT {"verbose":false,"headers":true,"protocol":1}\r\n')
        if block:
            writer.write(b"HPUB %s %d %d\r\n%s\r\n" % (head, len(block), len(block), block))
        else:
            writer.write(b"PUB %s 0\r\n\r\n" % head)
        writer.write(b"PING\r\n")
        assert await reader.readline() == b"PONG\r\n"
        assert await client.call("add", 2, 3) == 5
        assert serving.is_connected
        writer.close()
        await writer.wait_closed()
    assert not [each for each in caplog.records if "NATS server" in each.getMessage()]


@pytest.mark.parametrize("method", ["", "a b", "a\r\nPUB b 0\r\n", "a.*", "ä", "\x00"])
async def test_what_cannot_be_the_name_of_a_method_is_no_method(bus: Bus, method: str) -> None:
    async with (
        nats.serve(shop(), bus.address("demo.shop")),
        aio.Client(bus.address("demo.shop"), call_timeout=LONG) as client,
    ):
        with pytest.raises(NoSuchMethod):
            await client.call(method)
        assert await client.call("add", 2, 3) == 5


async def test_callers_that_are_made_up_are_let_go(bus: Bus) -> None:
    """Nobody takes what is sent to their inbox, which the NATS server says."""
    async with nats.serve(shop(), bus.address("demo.shop")) as serving, other_member(bus) as link:
        for number in range(50):
            reply = f"_INBOX.made-up-{number}.1"
            await link.publish(f"{bus.prefix}.demo/shop.call.add", b"\x92\x90\x80", reply, {"Localsocket": "call"})
        await link.flush(30)
        async with asyncio.timeout(LONG):
            while serving.callers:
                await asyncio.sleep(0.01)


async def test_who_takes_greetings_under_many_names_and_answers_none_keeps_nobody_out(bus: Bus) -> None:
    async with nats.serve(shop(), bus.address("demo.shop")) as serving, other_member(bus) as link:
        serving._greeting_time = LONG  # so that none is dropped for its silence meanwhile
        await link.subscribe("_INBOX.silent.>")
        for number in range(600):
            await link.publish(
                f"{bus.prefix}.demo/shop.call.add", b"", f"_INBOX.silent.{number}.1", {"Localsocket": "call"}
            )
        await link.flush(30)
        async with asyncio.timeout(LONG):
            while serving.callers < 500:
                await asyncio.sleep(0.01)
        async with aio.Client(bus.address("demo.shop"), call_timeout=LONG) as client:
            assert await client.call("add", 2, 3) == 5
            assert serving.callers <= 501


async def test_a_caller_that_has_answered_its_greeting_too_late_is_greeted_again(bus: Bus) -> None:
    """It may have stood still meanwhile, and would else have no answer to any call. It is asked what it still wants."""
    service = Service("demo.shop", limits=CallLimits(greeting=0.05))
    subject = f"{bus.prefix}.demo/shop.call.add"
    hello = msgspec.msgpack.encode(CallerHello(max_message=1_000, stream_window=100, clock=5.0))
    async with nats.serve(service, bus.address("demo.shop")) as serving, other_member(bus) as link:
        answers = await link.subscribe("_INBOX.slow.*")
        for number in (1, 2):
            await link.publish(subject, b"\x92\x90\x80", f"_INBOX.slow.{number}", {WORD: "call 5.0"})
            answer = await answers.next_msg(timeout=LONG)
            assert (answer.headers or {})[WORD] == "hello 1"
            if number == 1:
                async with asyncio.timeout(LONG):
                    while serving.callers:
                        await asyncio.sleep(0.01)
                serving._greeting_time = LONG
        await link.publish(answer.reply, hello, headers={WORD: "hello 1", OF: "_INBOX.slow.0"})
        asked = await answers.next_msg(timeout=LONG)
        assert (asked.subject, (asked.headers or {})[WORD]) == ("_INBOX.slow.2", "wanted 2")
        await serving.stop(timeout=0)  # the call is held until its caller has said so


async def test_an_identity_that_fails_refuses_the_request_that_it_fails_for_and_no_other(bus: Bus) -> None:
    def identity(message: BusMessage) -> PeerCredentials:
        return PeerCredentials(0, int((message.headers or {}).get("Who", "1001")), 0)

    subject = f"{bus.prefix}.demo/shop.call.caller"
    async with nats.serve(shop(), bus.address("demo.shop"), identity=identity), other_member(bus) as link:
        asked = [link.request(subject, b"", timeout=LONG, headers={"Who": who}) for who in ("7", "nobody", "8")]
        answers = [(each.data, (each.headers or {}).get("Localsocket")) for each in await asyncio.gather(*asked)]
    assert [answers[0], answers[2]] == [(b"7", None), (b"8", None)]
    assert answers[1][1] == "failure not-allowed"
