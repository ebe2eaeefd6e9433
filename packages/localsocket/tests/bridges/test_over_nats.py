"""A service over a real NATS server: what it promises beyond the contract that all services keep."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridges.broker import Broker
from bridges.conftest import Bus
from bridges.shop import shop
from localsocket import Client, Service, aio
from localsocket.bridges import nats
from localsocket.bridges.bus_messages import Subjects
from localsocket.bridges.served_here import ServedHere
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.errors import (
    AccessDenied,
    CallCancelled,
    ClosedByPeer,
    DeadlinePassed,
    InvalidAddress,
    NoSuchMethod,
    NotAllowed,
    ServerNotFound,
    ServerRefused,
    TooLongToSend,
    UnsuitableAllow,
)
from localsocket.services.served_call import current_call
from localsocket.services.topic import Topic

LONG = 30.0
"""Seconds in which happens what must."""


async def test_instances_share_the_calls_and_a_subscriber_hears_all_of_them(bus: Bus) -> None:
    services = [shop("one"), shop("two")]
    topics: list[Topic[int]] = [each.topic("news", int) for each in services]
    async with contextlib.AsyncExitStack() as stack:
        for service in services:
            await stack.enter_async_context(nats.serve(service, bus.address("demo.shop")))
        client = await stack.enter_async_context(aio.Client(bus.address("demo.shop"), call_timeout=LONG))
        answers = [await client.call("who") for _ in range(64)]
        assert set(answers) == {"one", "two"}
        async with client.subscribe("news", int) as news:
            for number, topic in enumerate(topics):
                topic.publish(number)
            assert {await news.receive(timeout=LONG) for _ in topics} == {0, 1}
            assert news.lost == 0


async def test_a_service_that_nobody_serves_is_not_found_at_once(bus: Bus) -> None:
    with pytest.raises(ServerNotFound):
        await aio.Client(bus.address("demo.none")).open()
    with pytest.raises(ServerNotFound):
        await asyncio.to_thread(Client(bus.address("demo.none")).open)


async def test_a_call_for_which_nobody_is_there_any_more_says_so_and_was_not_run(bus: Bus) -> None:
    service = shop()
    serving = await nats.serve(service, bus.address("demo.shop"))
    async with aio.Client(bus.address("demo.shop"), call_timeout=LONG) as client:
        await serving.stop()
        with pytest.raises((ServerNotFound, ClosedByPeer)):
            await client.call("add", 1)
    assert service.stats().calls == 0


async def test_a_server_that_is_not_there_is_told_from_a_service_that_is_not(broker: Broker) -> None:
    broker.kill()
    with pytest.raises(ServerRefused):
        await aio.Client(f"{broker.url}/demo.shop").open()
    with pytest.raises(ServerRefused):
        await nats.serve(shop(), broker.url)
    broker.start()


# --- who may call -----------------------------------------------------------------------------------------------------


def guarded() -> Service:
    service = shop()

    @service.method(allow=[4711])
    async def secret() -> int:
        return current_call().peer.uid

    return service


async def test_methods_for_some_are_refused_until_it_is_said_who_calls(bus: Bus) -> None:
    with pytest.raises(UnsuitableAllow, match="secret"):
        nats.serve(guarded(), bus.address("demo.shop"))
    with pytest.raises(ValueError, match="ANY"):
        nats.serve(guarded(), bus.address("demo.shop"), allow="everybody")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="choose"):
        nats.serve(guarded(), bus.address("demo.shop"), allow=nats.ANY, identity=lambda _: None)


async def test_any_lets_every_member_of_the_bus_in(bus: Bus) -> None:
    async with (
        nats.serve(guarded(), bus.address("demo.shop"), allow=nats.ANY),
        aio.Client(bus.address("demo.shop"), call_timeout=LONG) as client,
    ):
        await client.call("secret")


@pytest.mark.long
async def test_who_has_signed_counts_as_the_user_that_it_stands_for(bus: Bus, tmp_path: Path) -> None:
    for name in ("ada", "bob", "eve"):
        (tmp_path / name).write_bytes(name.encode() * 10)
    identity = nats.SignedBy({"ada": (b"ada" * 10, 4711), "bob": (b"bob" * 10, 4712)})

    def signed(signer: str, key: str, timeout: float = LONG) -> aio.Client:
        address = bus.address("demo.shop", signer=signer, signing_key=str(tmp_path / key))
        return aio.Client(address, call_timeout=LONG, timeout=timeout)

    async with nats.serve(guarded(), bus.address("demo.shop"), identity=identity):
        async with signed("ada", "ada") as ada:
            assert await ada.call("secret") == 4711
        async with signed("bob", "bob") as bob:
            assert await bob.call("caller") == 4712
            with pytest.raises(NotAllowed):
                await bob.call("secret")
        with pytest.raises(DeadlinePassed):
            await signed("ada", "eve", 0.2).open()  # with a key that is not hers
        with pytest.raises(DeadlinePassed):
            await aio.Client(bus.address("demo.shop"), timeout=0.2).open()


async def test_a_caller_that_counts_for_another_from_one_call_to_the_next_is_refused(bus: Bus) -> None:
    uids = iter([1, 1, 2])
    async with (
        nats.serve(shop(), bus.address("demo.shop"), identity=lambda _: PeerCredentials(0, next(uids), 0)),
        aio.Client(bus.address("demo.shop"), call_timeout=LONG) as client,
    ):
        assert await client.call("caller") == 1
        with pytest.raises(NotAllowed):
            await client.call("caller")


def test_a_key_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="16"):
        nats.SignedBy({"ada": (b"short", 1)})
    with pytest.raises(ValueError, match="uid"):
        nats.SignedBy({"ada": (bytes(16), -1)})


async def test_a_password_is_asked_for_and_never_shown() -> None:
    broker = Broker("--user", "ada", "--pass", "sesame")
    try:
        host = broker.url.removeprefix("nats://")
        with pytest.raises(AccessDenied):
            await aio.Client(f"nats://{host}/demo.shop").open()
        address = f"nats://ada:sesame@{host}/demo.shop"
        async with (
            nats.serve(shop(), address) as serving,
            aio.Client(address, call_timeout=LONG) as client,
        ):
            assert await client.call("add", 1) == 2
            assert "sesame" not in repr(client) + repr(serving) + client.address
    finally:
        broker.close()


@pytest.mark.parametrize(
    "address",
    [
        "nats://",
        "nats:///demo",
        "nats://host",
        "nats://host/",
        "nats://a,,b/demo",
        "nats://host/demo shop",
        "nats://host/demo?creed=x",
        "nats://host/demo?creds=/not/there",
        "nats://host/demo?prefix=a..b",
        "nats://host/demo?prefix=%3E",
    ],
)
def test_addresses_that_say_nothing_are_refused(address: str) -> None:
    with pytest.raises(InvalidAddress):
        Client(address)


# --- sizes ------------------------------------------------------------------------------------------------------------


async def test_what_is_longer_than_the_server_takes_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    config = tmp_path / "nats.conf"
    config.write_text("max_payload: 65536", encoding="ascii")
    broker = Broker("-c", str(config))
    try:
        async with (
            nats.serve(shop(), f"{broker.url}/demo.shop"),
            aio.Client(f"{broker.url}/demo.shop", call_timeout=LONG) as client,
        ):
            assert await client.call("echo", bytes(50_000)) == bytes(50_000)
            with pytest.raises(TooLongToSend, match="max_payload"):
                await client.call("echo", bytes(70_000))
            assert await client.call("add", 1) == 2
    finally:
        broker.close()


# --- ending -----------------------------------------------------------------------------------------------------------


async def test_an_instance_that_stops_answers_what_it_has_and_the_others_go_on(bus: Bus) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    first = Service("demo.shop")

    @first.method
    async def hold() -> str:
        begun.set()
        await go_on.wait()
        return "held"

    async with (
        nats.serve(first, bus.address("demo.shop")) as serving,
        aio.Client(bus.address("demo.shop"), call_timeout=LONG) as client,
    ):
        held = client.start("hold")
        await begun.wait()
        async with nats.serve(shop("second"), bus.address("demo.shop")):
            stopping = asyncio.create_task(serving.stop(timeout=LONG))
            async with asyncio.timeout(LONG):
                while await _fails(client, "who"):
                    await asyncio.sleep(0.01)
            go_on.set()
            assert await held == "held"
            await stopping
            assert await client.call("who") == "second"


async def _fails(client: aio.Client, method: str) -> bool:
    try:
        await client.call(method)
    except NoSuchMethod:  # it came to the first
        return True
    return False


async def test_a_stream_whose_instance_goes_away_ends_with_that(bus: Bus) -> None:
    service = Service("demo.shop")

    @service.method
    async def drip() -> AsyncIterator[int]:
        yield 1
        await asyncio.Event().wait()

    async with (
        nats.serve(service, bus.address("demo.shop")) as serving,
        aio.Client(bus.address("demo.shop"), call_timeout=LONG) as client,
    ):
        items = client.stream("drip")
        assert await anext(items) == 1
        await serving.stop(timeout=0)
        with pytest.raises((ClosedByPeer, CallCancelled)):
            await items.receive(timeout=LONG)


async def test_a_caller_that_has_gone_before_it_was_served_is_let_go() -> None:
    served, lost = ServedHere(shop()), asyncio.Event()
    served.begin(Subjects("demo.shop"), lambda _: None, lambda: 0, lambda: None)
    served.connect(PeerCredentials(0, 1, 1), lambda _: None, lost.set).hang_up()
    async with asyncio.timeout(LONG):
        await lost.wait()
    await served.end(LONG)


def test_a_program_without_a_loop_serves_in_a_thread(bus: Bus) -> None:
    service = Service("demo.shop")
    threads: list[str] = []

    @service.method
    def where() -> None:
        threads.append(threading.current_thread().name)

    with (
        nats.serve_in_thread(service, bus.address("demo.shop")),
        Client(bus.address("demo.shop"), call_timeout=LONG) as client,
    ):
        client.call("where")
    assert threads
    assert threads[0] != threading.current_thread().name
