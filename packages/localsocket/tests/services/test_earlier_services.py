"""A service of an earlier version, or in another language, which keeps to no window in items: it is not asked to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from localsocket import Client, ServerThread, Service, aio
from localsocket.errors import ClosedByPeer, Unsupported
from localsocket.testing import PATIENCE, Background
from services.conftest import ADDRESS
from services.test_reconnecting import ScriptedServer, opened


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer("twice") as server:
        yield server


def service() -> Service:
    """Return one that knows of such windows."""
    made = Service("demo.jobs")

    @made.method(idempotent=True)
    def twice() -> Iterator[int]:
        yield from range(3)

    return made


def test_a_client_says_that_its_service_does_not_know_prefetch(scripted: ScriptedServer) -> None:
    client, connection = opened(scripted, call_timeout=PATIENCE)
    with pytest.raises(Unsupported, match=r"'scripted' does not know prefetch=.*'jobs'"):
        client.stream("jobs", prefetch=1)
    stream = client.stream("jobs")
    call = connection.next_call()
    assert (call.body.method, call.body.carrier) == ("jobs", {})  # and nothing came before it
    connection.begin_stream(call)
    assert next(stream) == 2
    client.close()
    connection.close()


def test_a_client_with_tasks_says_so_too(scripted: ScriptedServer) -> None:
    async def read() -> None:
        async with aio.Client(ADDRESS) as client:
            for _ in range(2):
                with pytest.raises(Unsupported, match="prefetch="):
                    async with client.stream("jobs", prefetch=1):
                        pass
            assert client.stats().active_calls == 0

    reading = Background(asyncio.run, read())
    connection = scripted.accept()
    reading.result()
    assert connection.has_no_more()
    connection.close()


def test_a_stream_that_is_begun_again_is_not_begun_with_a_service_that_does_not_know_prefetch() -> None:
    with ServerThread(ADDRESS, service()):
        client = Client(ADDRESS, reconnect=True)
        assert list(client.stream("twice", prefetch=1)) == [0, 1, 2]
        held = client._connection
        assert held is not None
        with held.socket.lock:  # as if it were under way when the connection was lost
            call = held.caller.begin("twice", None, (), None, None, client._terms_with(None, 1, is_stream=True))
            call.waiter = []
    with ScriptedServer("twice") as scripted:
        with held.socket.lock:
            held._end(ClosedByPeer("its answers were awaited"))
        calling = Background(client.call, "twice")
        connection = scripted.accept()
        connection.reply(connection.next_call())
        assert calling.result() == 1
        assert isinstance(call.error, Unsupported)
        assert call.is_over
        client.close()
        assert connection.has_no_more()
        connection.close()


def test_a_client_that_reconnects_reads_again_with_the_same_window(run: Any) -> None:
    async def read_twice() -> list[int]:
        items: list[int] = []
        async with aio.Client(ADDRESS, reconnect=True) as client:
            for _ in range(2):
                async with client.stream("twice", prefetch=1) as stream:
                    items += [item async for item in stream]
                client._connection._end(ClosedByPeer("reading it"))  # type: ignore[union-attr]
        return items

    with ServerThread(ADDRESS, service()):
        assert run(read_twice()) == [0, 1, 2] * 2
