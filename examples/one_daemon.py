"""A tool that all sessions of all assistants share: a service that is started once, by whoever comes first."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator

import localsocket

service = localsocket.Service("one.daemon", documentation="Counts for everybody.")
_numbers = itertools.count(1)  # threads may take the next one without a lock


@service.method(read_only=True)
def process() -> int:
    """Return which process serves."""
    return os.getpid()


@service.method
def count() -> int:
    """Count one further, for all sessions."""
    return next(_numbers)


@service.method
def work(seconds: float) -> Iterator[float]:
    """Work for so long, and tell how far that is."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        yield passed
        time.sleep(0.01)
