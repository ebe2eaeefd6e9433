"""What the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localsocket.blocking import waiting


@pytest.fixture(autouse=True)
def every_wait_has_ended() -> Iterator[None]:
    """Close the wakers that are kept for the next wait, which are no leak."""
    yield
    while waiting._idle_wakers:
        waiting._idle_wakers.pop().close()
