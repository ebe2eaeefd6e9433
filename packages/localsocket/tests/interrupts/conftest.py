"""Tests that are coroutine functions run in an asyncio loop here too."""

from __future__ import annotations

from aio.conftest import (  # noqa: F401
    loop_kind,
    pytest_generate_tests,
    pytest_pycollect_makeitem,
    pytest_pyfunc_call,
    run,
)
