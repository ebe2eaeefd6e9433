"""One application for all tests of this folder: Qt allows no second one in a process."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6.QtCore", exc_type=ImportError)

from PySide6.QtCore import QCoreApplication


@pytest.fixture(scope="session", autouse=True)
def application() -> QCoreApplication:
    return QCoreApplication.instance() or QCoreApplication([])
