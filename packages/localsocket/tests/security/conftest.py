"""What the tests of this folder share."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

import pytest

from contracts import AioFace, ServingInLoop
from localsocket import ServerThread, Service
from localsocket.blocking import waiting

ServedBy: TypeAlias = Callable[[Service, str], AbstractContextManager[None]]


@pytest.fixture
def public_directory() -> Iterator[Path]:
    """A directory that every user may enter and write to, as /tmp is; what is left in it fails the test."""
    directory = Path(tempfile.mkdtemp(prefix="ls-public-", dir="/tmp"))
    directory.chmod(0o1777)
    yield directory
    left = os.listdir(directory)
    shutil.rmtree(directory)
    assert not left


@pytest.fixture(autouse=True)
def every_wait_has_ended() -> Iterator[None]:
    """Close the wakers that are kept for the next wait, which are no leak."""
    yield
    while waiting._idle_wakers:
        waiting._idle_wakers.pop().close()


@pytest.fixture(params=["events", "asyncio"])
def served_by(request: pytest.FixtureRequest) -> ServedBy:
    """What serves a service of plain functions: threads, or an asyncio loop."""
    return _by_threads if request.param == "events" else _by_asyncio


@contextlib.contextmanager
def _by_threads(service: Service, address: str) -> Iterator[None]:
    with ServerThread(address, service):
        yield


@contextlib.contextmanager
def _by_asyncio(service: Service, address: str) -> Iterator[None]:
    with AioFace() as face, ServingInLoop(face, is_async=False).serve(service, address):
        yield
