"""For a process that has Qt to itself: one application for all tests, since Qt allows no second one."""

from __future__ import annotations

from typing import Any

import pytest

from localsocket.qt.binding import qt_core

CANNOT_BE_USED = 5


def pytest_sessionstart() -> None:
    """Leave where Qt cannot be used, with this status: a conftest that fails to load would leave with pytest's own."""
    try:
        qt_core()
    except ImportError as error:
        pytest.exit(str(error), CANNOT_BE_USED)


@pytest.fixture(scope="session", autouse=True)
def application() -> Any:
    core = qt_core()
    return core.QCoreApplication.instance() or core.QCoreApplication([])
