"""The contracts hold for the asyncio face, on the stock loop and on uvloop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
import uvloop

from contracts import AioFace, ListenerFace, StreamFace, listener_contract, stream_contract


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["stock", "uvloop"])
def face(request: pytest.FixtureRequest) -> Iterator[AioFace]:
    with AioFace(request.param) as face:
        yield face


@pytest.mark.long
@pytest.mark.parametrize("claim", stream_contract)
def test_streams_keep_the_contract(claim: Callable[[StreamFace], None], face: AioFace) -> None:
    claim(face)


@pytest.mark.parametrize("claim", listener_contract)
def test_listeners_keep_the_contract(claim: Callable[[ListenerFace], None], face: AioFace) -> None:
    claim(face)
