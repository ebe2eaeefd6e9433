"""The contracts hold for the anyio face, on asyncio and on Trio."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from contracts import ListenerFace, StreamFace, listener_contract, stream_contract
from contracts.anyio_face import AnyioFace


@pytest.fixture(params=["asyncio", "trio"])
def face(request: pytest.FixtureRequest) -> Iterator[AnyioFace]:
    with AnyioFace(request.param) as face:
        yield face


@pytest.mark.parametrize("claim", stream_contract)
def test_streams_keep_the_contract(claim: Callable[[StreamFace], None], face: AnyioFace) -> None:
    claim(face)


@pytest.mark.parametrize("claim", listener_contract)
def test_listeners_keep_the_contract(claim: Callable[[ListenerFace], None], face: AnyioFace) -> None:
    claim(face)
