"""Fixtures for pytest, which finds this module by its entry point. Nothing is loaded before a test asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    import localsocket


class Serve(Protocol):
    """The type of `localsocket_serve`: localsocket.testing.serving(), until the end of the test."""

    def __call__(
        self, service: localsocket.Service, address: str | None = None, **options: Any
    ) -> localsocket.Client: ...


@pytest.fixture
def localsocket_directory() -> Iterator[Path]:
    """A directory for the names of this test and of programs that it starts; no other test uses it."""
    from localsocket.testing import runtime_directory

    with runtime_directory() as directory:
        yield directory


@pytest.fixture
def localsocket_serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    """A function that serves a service until the end of the test and returns a client: serving() without a block.

    `localsocket_serve(service, "demo.calc")` serves it by that name, for this test and programs that it starts.
    """
    from localsocket.testing import serving

    request.getfixturevalue("localsocket_directory")  # where its names are
    with ExitStack() as stack:

        def serve(service: localsocket.Service, address: str | None = None, **options: Any) -> localsocket.Client:
            return stack.enter_context(serving(service, address, **options))

        yield serve
