"""A local service over NATS that knows nothing of it, one elsewhere under a local name, and the command line."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias

import pytest

from bridges.conftest import OURSELVES, Bus
from localsocket import Client, ServerThread, Service, aio
from localsocket.bridges import instance, nats
from localsocket.bridges.served_there import ServedThere
from localsocket.cli.app import run as run_words
from localsocket.errors import (
    CallFailed,
    ClosedByPeer,
    InvalidAddress,
    LocalSocketError,
    NoSuchTopic,
    NotAllowed,
    ServerNotFound,
    SubscriberTooSlow,
)
from localsocket.services.gap import Gap
from localsocket.services.topic import Topic

LONG = 30.0

RunCommand: TypeAlias = Callable[..., tuple[int, str]]


def shop() -> Service:
    service = Service("demo.shop", version="1.2.3")

    @service.method
    def add(a: int, b: int = 1) -> int:
        return a + b

    @service.method
    def count(to: int) -> Iterator[int]:
        yield from range(to)

    @service.method
    def fail() -> None:
        raise KeyError("a secret")

    return service


async def test_a_local_service_is_served_over_nats_without_knowing_it(bus: Bus) -> None:
    service = shop()
    news = service.topic("news", int)
    with ServerThread("demo.shop", service):
        async with (
            nats.serve_local("demo.shop", bus.address("demo.shop")),
            aio.Client(bus.address("demo.shop"), call_timeout=LONG) as client,
        ):
            assert await client.call("add", 2, 3) == 5
            assert [item async for item in client.stream("count", 100)] == list(range(100))
            with pytest.raises(CallFailed):
                await client.call("fail")
            assert (await client.describe()).version == "1.2.3"
            async with client.subscribe("news", int) as messages:
                async with asyncio.timeout(LONG):
                    while not news.subscribers:
                        await asyncio.sleep(0.01)
                news.publish(7)
                assert await messages.receive(timeout=LONG) == 7


async def test_a_bridge_that_was_too_slow_for_a_topic_goes_on_with_it_and_has_its_subscribers_told(bus: Bus) -> None:
    service = shop()
    news = service.topic("news", bytes, queue=4, policy="disconnect")

    async def read_all(messages: aio.Subscription[bytes]) -> None:
        async for _ in messages:
            pass

    with ServerThread("demo.shop", service):
        async with (
            nats.serve_local("demo.shop", bus.address("demo.shop")),
            aio.Client(bus.address("demo.shop"), call_timeout=LONG) as client,
            asyncio.timeout(LONG),
        ):
            async with client.subscribe("news", bytes) as messages:
                while not news.subscribers:
                    await asyncio.sleep(0.01)
                for _ in range(40):  # while the bridge, in this loop, reads nothing
                    news.publish(bytes(20_000))
                reading = asyncio.create_task(read_all(messages))
                while not reading.done():
                    news.publish(b"")
                    await asyncio.wait([reading], timeout=0.01)
                with pytest.raises(SubscriberTooSlow):
                    await reading
            async with client.subscribe("news", bytes) as messages:
                news.publish(b"again")
                while await messages.receive() != b"again":
                    pass


def again(topic: str = "") -> tuple[Service, Topic[int]]:
    """A service as it is started again, with `topic`."""
    service = shop()
    return service, service.topic(topic or "news", int)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instances greet their callers all the time."""
    monkeypatch.setattr(instance, "_LOOK", 0.05)


async def test_a_local_service_that_was_started_again_is_served_on_to_the_same_callers(bus: Bus) -> None:
    service, news = again()
    gaps = list[Gap]()
    server = ServerThread("demo.shop", service)
    with server:
        async with (
            nats.serve_local("demo.shop", bus.address("demo.shop")),
            aio.Client(bus.address("demo.shop"), reconnect=True, call_timeout=LONG) as client,
            client.subscribe("news", int, resume=True, on_gap=gaps.append) as messages,
        ):
            assert await client.call("add", 2, 3) == 5
            await until(lambda: news.subscribers)
            news.publish(7)
            assert await messages.receive(timeout=LONG) == 7
            await asyncio.to_thread(server.stop)
            service, news = again()
            with ServerThread("demo.shop", service):
                async with asyncio.timeout(LONG):
                    while await ended(client.call("add", 2, 3, timeout=LONG)) is not None:
                        pass  # one that was under way is lost with its connection
                await until(lambda: news.subscribers)
                news.publish(8)
                assert await messages.receive(timeout=LONG) == 8
                assert gaps == [Gap("news", 1)]  # at least


async def ended(call: Awaitable[object]) -> LocalSocketError | None:
    try:
        await call
    except ClosedByPeer as error:
        return error
    return None


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(LONG):
        while not is_so():
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("often")
async def test_a_topic_that_a_local_service_no_longer_has_ends_for_those_elsewhere_until_it_is_back(bus: Bus) -> None:
    server, later = ServerThread("demo.shop", again()[0]), ServerThread("demo.shop", again("later")[0])
    with server:
        async with (
            nats.serve_local("demo.shop", bus.address("demo.shop")),
            aio.Client(bus.address("demo.shop"), reconnect=True, call_timeout=LONG) as client,
        ):
            async with client.subscribe("news", int, resume=True) as messages:
                await asyncio.to_thread(server.stop)
                with later:
                    with pytest.raises(NoSuchTopic):
                        await messages.receive(timeout=LONG)
                    await asyncio.to_thread(later.stop)
            service, news = again()
            with ServerThread("demo.shop", service):
                await until(lambda: news.subscribers)
                async with client.subscribe("news", int) as messages:
                    news.publish(7)
                    assert await messages.receive(timeout=LONG) == 7


async def test_a_bridge_goes_on_with_topics_of_a_service_that_was_away_for_longer_than_it_waits(
    bus: Bus, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "localsocket.bridges")
    server = ServerThread("demo.shop", again()[0])
    with server:
        async with (
            nats.serve_local("demo.shop", bus.address("demo.shop")) as bridge,
            aio.Client(bus.address("demo.shop"), reconnect=True, call_timeout=LONG) as client,
            client.subscribe("news", int, resume=True) as messages,
        ):
            assert isinstance(bridge._served, ServedThere)
            bridge._served._client._core.connect_timeout = 0.05
            await asyncio.to_thread(server.stop)
            await until(lambda: "nothing is republished of 'news' now" in caplog.text)
            service, news = again()
            with ServerThread("demo.shop", service):
                await until(lambda: news.subscribers)
                news.publish(7)
                assert await messages.receive(timeout=LONG) == 7


async def test_a_service_elsewhere_has_a_local_name(bus: Bus) -> None:
    service = shop()
    news = service.topic("news", int)
    async with (
        nats.serve(service, bus.address("demo.shop")),
        nats.offer_locally(bus.address("demo.shop"), "shop.here"),
        aio.Client("shop.here", call_timeout=LONG) as client,
    ):
        assert await client.call("add", 2, 3) == 5
        assert [item async for item in client.stream("count", 1000)] == list(range(1000))
        async with client.subscribe("news", int) as messages:
            news.publish(7)
            assert await messages.receive(timeout=LONG) == 7


async def test_what_only_the_owner_may_know_is_not_told_on_the_bus(bus: Bus) -> None:
    """A service takes what carries a call to it for its caller, and that one is its owner."""
    with ServerThread("demo.shop", shop()):
        async with (
            nats.serve_local("demo.shop", bus.address("demo.shop")),
            nats.serve(shop(), bus.address("demo.open")),
            nats.serve(shop(), bus.address("demo.mine"), identity=lambda _: OURSELVES),
            aio.Client(bus.address("demo.shop"), call_timeout=LONG) as carried,
            aio.Client(bus.address("demo.open"), call_timeout=LONG) as stranger,
            aio.Client(bus.address("demo.mine"), call_timeout=LONG) as owner,
        ):
            for client in (carried, stranger):
                for method in ("localsocket.stats", "localsocket.monitor"):
                    with pytest.raises(NotAllowed):
                        await client.call(method)
            await owner.call("localsocket.stats")


async def test_nothing_is_served_of_a_local_service_that_is_not_there(bus: Bus) -> None:
    with pytest.raises(ServerNotFound):
        await nats.serve_local("demo.none", bus.address("demo.none"))


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def run_command(capfd: pytest.CaptureFixture[str]) -> RunCommand:
    """Do what was typed; give its exit status, and what it said."""

    def run(*words: str) -> tuple[int, str]:
        status = 0
        try:
            run_words(words)
        except SystemExit as end:
            status = int(end.code or 0)
        return status, "".join(capfd.readouterr())

    return run


def test_the_commands_take_the_address_of_a_service_elsewhere(bus: Bus, run_command: RunCommand) -> None:
    with nats.serve_in_thread(shop(), bus.address("demo.shop")):
        assert run_command("call", bus.address("demo.shop"), "add", "2", "3", "--timeout", "30") == (0, "5\n")
        status, told = run_command("describe", bus.address("demo.shop"), "--json", "--timeout", "30")
        assert (status, json.loads(told)["version"]) == (0, "1.2.3")
        status, told = run_command("list", bus.url, "--json")
        assert status == 0
        assert {"at": bus.url, "name": "demo.shop", "version": "1.2.3", "instances": 1} in json.loads(told)["services"]
    assert run_command("call", bus.address("demo.none"), "add", "2")[0] == 3


@pytest.mark.parametrize("command", [["call", "{}", "add"], ["list", "{}"], ["bridge", "{}"], ["bridge", "shop", "{}"]])
def test_a_password_on_the_command_line_is_refused_and_not_repeated(
    command: list[str], run_command: RunCommand
) -> None:
    status, told = run_command(*(word.format("nats://ada:sesame@127.0.0.1:1/demo") for word in command))
    assert status == 2
    assert "creds" in told
    assert "sesame" not in told


@pytest.mark.parametrize(
    "words", [["demo.shop"], ["nats://a/b", "nats://a"], ["demo.shop", "demo.other"], ["demo", "nats://a", "--at", "x"]]
)
def test_a_bridge_without_two_sides_is_wrong_usage(words: list[str], run_command: RunCommand) -> None:
    assert run_command("bridge", *words)[0] == 2


def test_directories_are_checked_before_they_are_listed(run_command: RunCommand) -> None:
    assert run_command("list", "/not/there")[0] == 2
    assert run_command("list", "/etc/passwd")[0] == 2
    assert run_command("list", "/tmp", "nats://a")[0] == 2


def test_what_is_served_locally_stays_a_local_address() -> None:
    """NATS is used only where nats:// was written, and a server of this machine is not put there by mistake."""
    with pytest.raises(InvalidAddress):
        ServerThread("nats://127.0.0.1/demo.shop", shop()).__enter__()
    assert isinstance(Client("demo.shop"), Client)
