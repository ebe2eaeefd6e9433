"""Tests that are coroutine functions run in an asyncio loop here too. None of the tests runs beside another tracer."""

from __future__ import annotations

import sys

import pytest

from aio.conftest import (  # noqa: F401
    loop_kind,
    pytest_generate_tests,
    pytest_pycollect_makeitem,
    pytest_pyfunc_call,
    run,
)


@pytest.fixture(autouse=True)
def no_other_tracer() -> None:
    # With that of coverage its lines are places too, interrupts come between its own steps, and it sees no more.
    if sys.gettrace() is not None:
        pytest.skip("a tracer is at work, coverage maybe, and these tests set their own")
