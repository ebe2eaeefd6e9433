"""What the conformance tests share: the two faces, a running loop, and the promises of every event."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from conformance.faces import BlockingFace, EventFace, Face
from conformance.recorder import Recorder
from localsocket import EventLoop


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


@pytest.fixture(params=["blocking", "events"])
def face(request: pytest.FixtureRequest) -> Face:
    if request.param == "blocking":
        return BlockingFace()
    return EventFace(request.getfixturevalue("loop"))
