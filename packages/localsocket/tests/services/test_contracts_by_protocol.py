"""What holds for calls by our own protocol holds by varlink and by HTTP; what cannot is told in docs/protocols.md."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from contracts import AioFace, ServiceFace, ServingInLoop, ServingInThread, service_contract
from repository import DOCS
from services import protocol_differences as differences
from services.protocol_faces import HttpFace, VarlinkFace

CLAIMS = {claim.__name__: claim for claim in service_contract}
PAGE = DOCS / "protocols.md"


@pytest.fixture(params=["events-blocking", "asyncio-aio"])
def varlink_face(request: pytest.FixtureRequest) -> Iterator[ServiceFace]:
    if request.param == "events-blocking":
        yield VarlinkFace(ServingInThread(is_async=False))
        return
    with AioFace() as loop:
        yield VarlinkFace(ServingInLoop(loop, is_async=True, clients=loop))


@pytest.fixture(params=["events", "asyncio"])
def http_face(request: pytest.FixtureRequest) -> Iterator[ServiceFace]:
    if request.param == "events":
        yield HttpFace(ServingInThread(is_async=False))
        return
    with AioFace() as loop:
        yield HttpFace(ServingInLoop(loop, is_async=True))


@pytest.mark.parametrize("claim", differences.claims_by("varlink"))
def test_services_by_varlink(claim: str, varlink_face: ServiceFace) -> None:
    CLAIMS[claim](varlink_face)


@pytest.mark.parametrize("claim", differences.claims_by("http"))
def test_services_by_http(claim: str, http_face: ServiceFace) -> None:
    CLAIMS[claim](http_face)


def test_what_does_not_hold_by_a_protocol_is_a_claim_that_there_is() -> None:
    told = {claim for why_not in differences.WHY_NOT.values() for claim in why_not}
    assert told <= CLAIMS.keys() - set(differences.OF_OUR_FRAMES)


def test_the_page_tells_what_does_not_hold_and_why() -> None:
    lines = PAGE.read_text().splitlines()
    head, *rows = differences.table()
    told = itertools.takewhile(bool, lines[lines.index(head) :])
    assert list(told) == [head, *rows]
