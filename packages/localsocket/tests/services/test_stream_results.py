"""A method that is said to stream, and gives something else than items."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

import localsocket
from localsocket.errors import CallFailed

ADDRESS = "stream.results"


@pytest.mark.parametrize("has_coroutine", [False, True], ids=["in the loop", "in a worker thread"])
def test_what_cannot_be_iterated_fails_the_call(has_coroutine: bool, caplog: pytest.LogCaptureFixture) -> None:
    service = localsocket.Service(ADDRESS)

    @service.method
    def count() -> Iterator[int]:
        return None  # type: ignore[return-value]

    if has_coroutine:
        service.method(asyncio.sleep, name="sleep")
    with localsocket.ServerThread(ADDRESS, service), localsocket.Client(ADDRESS) as client:
        with pytest.raises(CallFailed):
            list(client.stream("count", timeout=60))
        assert service.stats().errors == 1
    assert "stream.results.count failed" in caplog.text
