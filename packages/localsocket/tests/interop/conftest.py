"""The tests of this directory speak with real Qt, in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.fixture(scope="session", autouse=True)
def qt_can_be_loaded() -> None:
    """Skip, with the reason, where PySide6 is not installed or does not load (no wheel, a library missing)."""
    command = [sys.executable, "-c", "import PySide6.QtCore, PySide6.QtNetwork"]
    loading = subprocess.run(command, capture_output=True, text=True, check=False)
    if loading.returncode:
        said = loading.stderr.strip().splitlines() or [f"status {loading.returncode}"]
        pytest.skip(f"Qt cannot be loaded: {said[-1]}")
