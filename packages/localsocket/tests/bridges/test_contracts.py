"""Services over NATS keep the contract of services, but for what docs/nats.md names with its reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from bridges.conftest import Bus, ServingOverNats
from contracts import AioFace, ServiceFace, service_contract
from localsocket.bridges.instance import _MOST_UNGREETED, MOST_CALLERS
from repository import DOCS

PAGE = DOCS / "nats.md"


def claims_that_cannot_hold() -> set[str]:
    """Return those that the page names: the first column of the table below its heading."""
    _, _, below = PAGE.read_text(encoding="utf-8").partition("## Claims that cannot hold\n")
    table = below.partition("\n## ")[0]
    return {line.replace(" ", "_") for line in re.findall(r"^\| (?!claim )([a-z][^|]*?) \|", table, re.MULTILINE)}


CLAIMS = [claim for claim in service_contract if claim.__name__ not in claims_that_cannot_hold()]


# What a way to serve does not see of a client need not be tried with each client.
@pytest.fixture(params=["tasks-aio", "threads-blocking"])
def service_face(request: pytest.FixtureRequest, bus: Bus) -> Iterator[ServiceFace]:
    functions, _, client = request.param.partition("-")
    with AioFace() as loop:
        yield ServingOverNats(bus, loop, is_async=functions == "tasks", clients=loop if client == "aio" else None)


@pytest.mark.parametrize("claim", CLAIMS)
def test_services(claim: Callable[[ServiceFace], None], service_face: ServiceFace) -> None:
    claim(service_face)


def test_the_page_names_claims_that_there_are_and_fewer_than_a_quarter() -> None:
    there_are = {claim.__name__ for claim in service_contract}
    named = claims_that_cannot_hold()
    assert named
    assert named <= there_are
    assert 4 * len(named) < len(there_are)


def test_the_page_tells_how_many_callers_an_instance_has() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"at most {MOST_CALLERS:,} callers" in page
    assert f"At most {_MOST_UNGREETED} of them" in page
