"""Every face keeps the contracts of messages and of services that the package offers to others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
import uvloop

from contracts import (
    AioFace,
    BlockingFace,
    BothWaysFace,
    MessageFace,
    ServiceFace,
    ServingInLoop,
    ServingInThread,
    both_ways_contract,
    message_contract,
    service_contract,
)

LOOPS = {"stock": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=["blocking", *LOOPS])
def message_face(request: pytest.FixtureRequest) -> Iterator[MessageFace]:
    if request.param == "blocking":
        yield BlockingFace()
        return
    with AioFace(LOOPS[request.param]) as face:
        yield face


@pytest.mark.parametrize("claim", message_contract)
def test_messages(claim: Callable[[MessageFace], None], message_face: MessageFace) -> None:
    claim(message_face)


# Every server and every client, but not each with each: what one does not see of the other need not be repeated.
FACES = ["events-blocking", "events-aio", "thread-async-blocking", "stock-aio", "uvloop-aio", "stock-threads-blocking"]


@pytest.fixture(params=FACES)
def service_face(request: pytest.FixtureRequest) -> Iterator[ServiceFace]:
    server, _, client = request.param.rpartition("-")
    is_async = server not in ("events", "stock-threads")
    with AioFace(LOOPS.get(server, asyncio.new_event_loop)) as loop:
        clients = loop if client == "aio" else None
        if server in ("events", "thread-async"):
            yield ServingInThread(is_async=is_async, clients=clients)
        else:
            yield ServingInLoop(loop, is_async=is_async, clients=clients)


@pytest.mark.parametrize("claim", service_contract)
def test_services(claim: Callable[[ServiceFace], None], service_face: ServiceFace) -> None:
    claim(service_face)


@pytest.mark.parametrize("claim", both_ways_contract)
def test_both_ways(claim: Callable[[BothWaysFace], None], service_face: BothWaysFace) -> None:
    claim(service_face)
