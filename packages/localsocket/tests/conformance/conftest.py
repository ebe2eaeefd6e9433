"""What the conformance tests share: the faces, a running loop, and the promises of every event."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
import uvloop

import localsocket
from conformance.awaited import AwaitedPackage, Package
from conformance.faces import BlockingFace, EventFace, Face, TaskFace
from conformance.recorder import Recorder
from contracts import AioFace
from localsocket import EventLoop

LOOPS = {"aio": asyncio.new_event_loop, "aio-uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def every_event_keeps_its_promise() -> Iterator[None]:
    Recorder.made.clear()
    yield
    for recorder in Recorder.made:
        recorder.check()
    Recorder.made.clear()


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    """A loop for client sockets, running in a thread."""
    with EventLoop() as loop:
        thread = threading.Thread(target=loop.run, name="client loop")
        thread.start()
        try:
            yield loop
        finally:
            loop.stop()
            thread.join()


@pytest.fixture(params=["blocking", "events", *LOOPS])
def face(request: pytest.FixtureRequest) -> Iterator[Face]:
    """Every face of a client."""
    if request.param == "blocking":
        yield BlockingFace()
    elif request.param == "events":
        yield EventFace(request.getfixturevalue("loop"))
    else:
        with AioFace(LOOPS[request.param]) as awaiting:
            yield TaskFace(AwaitedPackage(awaiting))


@pytest.fixture(params=["blocking", *LOOPS])
def package(request: pytest.FixtureRequest) -> Iterator[Package]:
    """`localsocket`, and what does the same for callers that wait for asyncio."""
    if request.param == "blocking":
        yield localsocket
    else:
        with AioFace(LOOPS[request.param]) as awaiting:
            yield AwaitedPackage(awaiting)
