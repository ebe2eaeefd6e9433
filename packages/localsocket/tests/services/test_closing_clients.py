"""A client that closes sends what it has taken, or says how much was lost."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from localsocket import CallLimits, Client, LocalSocket, aio
from localsocket.errors import ClosedByPeer, ClosedByUs, DeadlinePassed
from localsocket.interfaces import KIB, MIB
from localsocket.testing import PATIENCE, Background
from services.conftest import ADDRESS
from services.deaf import deaf_service

SOON = 0.05
SENT = 32
DATA = bytes(64 * KIB)


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
    with deaf_service(ADDRESS) as service:
        client, _ = clogged(service)
        with pytest.raises(DeadlinePassed, match="closing the client took longer than") as caught:
            client.close(timeout=SOON)
        assert SENT * len(DATA) / 2 < caught.value.queued < SENT * (len(DATA) + KIB)
        client.close()
        with pytest.raises(ClosedByUs):
            client.notify("note", b"")


def test_closing_says_how_much_a_service_that_has_gone_was_not_sent(runtime_directory: Path) -> None:
    with deaf_service(ADDRESS) as service:
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
    with deaf_service(ADDRESS) as service:
        client, _ = clogged(service)
        close = client.close
        monkeypatch.setattr(client, "close", lambda: close(timeout=SOON))
        with pytest.raises(KeyError), client:
            raise KeyError
    assert "closing the client took longer than 0.05 s" in caplog.text


def test_a_client_whose_service_goes_logs_that_notifications_are_lost(
    runtime_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with deaf_service(ADDRESS) as service, caplog.at_level(logging.WARNING):
        client, served = clogged(service)
        served.abort()
        with pytest.raises(ClosedByPeer):
            client.call("anything", timeout=PATIENCE)
        assert "lost its connection with" in caplog.text
        client.close()


async def test_a_client_in_a_loop_whose_service_goes_logs_that_notifications_are_lost(
    runtime_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with deaf_service(ADDRESS) as service, caplog.at_level(logging.WARNING):
        client, served = await clogged_in_loop(service)
        served.abort()
        with pytest.raises(ClosedByPeer):
            await client.call("anything", timeout=PATIENCE)
        assert "lost its connection with" in caplog.text
        await client.close()


async def test_closing_in_a_loop_tells_of_a_notification_that_was_gathered_for_a_service_that_had_gone(
    runtime_directory: Path,
) -> None:
    with deaf_service(ADDRESS) as service:
        client = aio.Client(ADDRESS)
        await client.open()
        calls = [asyncio.ensure_future(client.call("anything")) for _ in range(2)]
        while client.stats().active_calls < len(calls):
            await asyncio.sleep(0)
        service.result().abort()
        await client.notify("note", DATA)
        with pytest.raises(ClosedByPeer) as caught:
            await client.close()
        assert caught.value.unsent > len(DATA)
        for call in calls:
            with pytest.raises(ClosedByUs):
                await call


async def test_closing_in_a_loop_says_how_much_a_service_that_does_not_read_was_not_sent(
    runtime_directory: Path,
) -> None:
    with deaf_service(ADDRESS) as service:
        client, _ = await clogged_in_loop(service)
        with pytest.raises(DeadlinePassed) as caught:
            await client.close(timeout=SOON)
        assert SENT * len(DATA) / 2 < caught.value.queued < SENT * (len(DATA) + KIB)
        await client.close()
        with pytest.raises(ClosedByUs):
            await client.notify("note", b"")


async def test_closing_in_a_loop_says_how_much_a_service_that_has_gone_was_not_sent(runtime_directory: Path) -> None:
    with deaf_service(ADDRESS) as service:
        client, served = await clogged_in_loop(service)
        served.abort()
        with pytest.raises(ClosedByPeer):
            await client.close()


async def test_a_notification_to_a_service_that_has_gone_is_not_taken(runtime_directory: Path) -> None:
    with deaf_service(ADDRESS) as service:
        client = aio.Client(ADDRESS)
        await client.open()
        service.result().abort()
        with pytest.raises(ClosedByPeer):
            await client.notify("note", b"")
        with pytest.raises(ClosedByPeer):
            await client.notify("note", b"")
        await client.close()
