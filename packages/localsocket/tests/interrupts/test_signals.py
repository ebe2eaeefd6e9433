"""Thousands of signals whose handler raises: no wrong answer, nobody who waits for ever, and nothing left open."""

from __future__ import annotations

import random

import pytest

from interrupts.test_client import (  # noqa: F401 - the fixture
    ADDRESS,
    Served,
    check_nothing_is_under_way,
    served,
)
from localsocket.testing import wait_until
from programs import Program

TIMES = 1500


@pytest.mark.long
@pytest.mark.parametrize("reconnect", ["yes", "no"])
def test_a_client_that_is_interrupted_at_random_gives_no_wrong_answer(served: Served, reconnect: str) -> None:  # noqa: F811
    seed = random.randrange(1 << 30)
    with Program("call_interrupted.py", ADDRESS, reconnect, TIMES, seed) as program:
        told = program.read()
    assert told["faults"] == [], f"with the seed {seed}"
    assert told["counts"]["interrupted"] > TIMES / 10
    assert told["counts"]["beside"] > 0
    assert told["descriptors"] <= 0, f"with the seed {seed}: more are open than when it had connected"
    wait_until(lambda: served.service.stats().open_connections == 0, "every connection to be closed")
    check_nothing_is_under_way(served)
