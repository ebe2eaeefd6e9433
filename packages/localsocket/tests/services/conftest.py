"""What the tests of this folder share: the ways to serve, and tests that run in an asyncio loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from aio.conftest import (  # noqa: F401 - tests that are coroutine functions run as those of the asyncio face do
    loop_kind,
    pytest_generate_tests,
    pytest_pycollect_makeitem,
    pytest_pyfunc_call,
    run,
)
from contracts import AioFace, ServingInLoop
from localsocket import ServerThread, Service
from security.conftest import public_directory  # noqa: F401 - where other users come

ADDRESS = "services.test"

Serve = Callable[[Service], AbstractContextManager[object]]


@pytest.fixture(params=["events", "asyncio"])
def serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    """Serve a service of plain functions: on one event loop, or on an asyncio loop with threads."""
    if request.param == "events":
        yield lambda service: ServerThread(ADDRESS, service)
        return
    with AioFace() as face:
        yield lambda service: ServingInLoop(face, is_async=False).serve(service, ADDRESS)
