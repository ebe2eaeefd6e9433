"""A client that closes sends what it has taken, or says how much was lost."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from localsocket import CallLimits, Client, LocalSocket, aio, listen
from localsocket.errors import ClosedByPeer, ClosedByUs, DeadlinePassed
from localsocket.interfaces import KIB, MIB
from localsocket.testing import PATIENCE, Background
from localsocket.wire.greeting import Greeting
from services.conftest import ADDRESS

SOON = 0.05
SENT = 32
DATA = bytes(64 * KIB)


@contextlib.contextmanager
def deaf_service() -> Iterator[Background[LocalSocket]]:
    """Greet one client, and read nothing."""
    with listen(ADDRESS) as server, contextlib.ExitStack() as stack:

        def greet() -> LocalSocket:
            served = stack.enter_context(contextlib.closing(server.accept(timeout=PATIENCE)))
            served.write(Greeting(role="service", max_message=MIB, max_calls=10).encode())
            return served

        yield Background(greet)


def clogged(service: Background[LocalSocket]) -> tuple[Client, LocalSocket]:
    """Return a client that has taken more than can be sent."""
    client = Client(ADDRESS, limits=CallLimits(unsent=4 * MIB))
    client.open()
    for _ in range(SENT):
        client.notify("note", DATA)
    return client, service.result()


async def clogged_in_loop(service: Background[LocalSocket]) -> tuple[aio.Client, LocalSocket]:
    client = aio.Client(ADDRESS, limits=CallLimits(unsent=4 * MIB))
    await client.open()
    for _ in range(SENT):
        await client.notify("note", DATA)
    return client, service.result()


def test_closing_says_how_much_a_service_that_does_not_read_was_not_sent(runtime_directory: Path) -> None:
    with deaf_service() as service:
        client, _ = clogged(service)
        with pytest.raises(DeadlinePassed, match="closing the client took longer than") as caught:
            client.close(timeout=SOON)
        assert SENT * len(DATA) / 2 < caught.value.queued < SENT * (len(DATA) + KIB)
        client.close()
        with pytest.raises(ClosedByUs):
            client.notify("note", b"")


def test_closing_says_how_much_a_service_that_has_gone_was_not_sent(runtime_directory: Path) -> None:
    with deaf_service() as service:
        client, served = clogged(service)
        closing = Background(client.close)
        closing.wait_until_waiting()
        served.abort()
        with pytest.raises(ClosedByPeer) as caught:
            closing.result()
        assert caught.value.unsent > SENT * len(DATA) / 2


def test_a_block_that_an_exception_leaves_logs_what_was_lost(
    runtime_directory: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with deaf_service() as service:
        client, _ = clogged(service)
        close = client.close
        monkeypatch.setattr(client, "close", lambda: close(timeout=SOON))
        with pytest.raises(KeyError), client:
            raise KeyError
    assert "closing the client took longer than 0.05 s" in caplog.text


def test_a_client_whose_service_goes_logs_that_notifications_are_lost(
    runtime_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with deaf_service() as service, caplog.at_level(logging.WARNING):
        client, served = clogged(service)
        served.abort()
        with pytest.raises(ClosedByPeer):
            client.call("anything", timeout=PATIENCE)
        assert "lost its connection with" in caplog.text
        client.close()


async def test_closing_in_a_loop_says_how_much_a_service_that_does_not_read_was_not_sent(
    runtime_directory: Path,
) -> None:
    with deaf_service() as service:
        client, _ = await clogged_in_loop(service)
        with pytest.raises(DeadlinePassed) as caught:
            await client.close(timeout=SOON)
        assert SENT * len(DATA) / 2 < caught.value.queued < SENT * (len(DATA) + KIB)
        await client.close()
        with pytest.raises(ClosedByUs):
            await client.notify("note", b"")


async def test_closing_in_a_loop_says_how_much_a_service_that_has_gone_was_not_sent(runtime_directory: Path) -> None:
    with deaf_service() as service:
        client, served = await clogged_in_loop(service)
        served.abort()
        with pytest.raises(ClosedByPeer):
            await client.close()


async def test_a_notification_to_a_service_that_has_gone_is_not_taken(runtime_directory: Path) -> None:
    with deaf_service() as service:
        client = aio.Client(ADDRESS)
        await client.open()
        service.result().abort()
        with pytest.raises(ClosedByPeer):
            await client.notify("note", b"")
        with pytest.raises(ClosedByPeer):
            await client.notify("note", b"")
        await client.close()
