"""What every test of the library gets, beside what `leftovers` gives to all."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from multiprocessing import resource_tracker

import pytest
import uvloop

from leftovers import interruptible as interruptible
from leftovers import nothing_left_behind as nothing_left_behind
from leftovers import runtime_directory as runtime_directory
from leftovers import temporary_directories as temporary_directories
from localsocket.blocking import waiting
from sharing import pytest_collection_finish as pytest_collection_finish
from sharing import pytest_configure as pytest_configure
from sharing import pytest_xdist_auto_num_workers as pytest_xdist_auto_num_workers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() != 0:
        for item in items:
            if item.get_closest_marker("root"):
                item.add_marker(pytest.mark.skip(reason="needs root, to act as another user"))


@pytest.fixture(scope="session", autouse=True)
def opened_once() -> None:
    """Open, before anything is counted, what a process opens once and keeps."""
    uvloop.new_event_loop().close()  # it keeps a pipe for signals
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # else coverage is measured, and saved, after the end
        resource_tracker.ensure_running()  # the helper process of multiprocessing's "spawn"


@pytest.fixture
def caplog(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged, and not of what earlier tests have forgotten: asyncio logs errors of tasks that are collected."""
    gc.collect()
    caplog.clear()
    return caplog


@pytest.fixture(autouse=True)
def no_idle_wakers(nothing_left_behind: None) -> Iterator[None]:
    """Close what is kept for the next thread that waits: as many as ever waited at once, which is no leak."""
    yield
    while waiting._idle_wakers:
        waiting._idle_wakers.pop().close()
