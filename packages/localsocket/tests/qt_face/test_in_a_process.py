"""Clients in Qt keep what they claim, each file in a process that has Qt to itself: its crash is a test that fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CLAIMS = Path(__file__).parent / "in_child"
CANNOT_BE_USED = 5
"""What conftest.py there ends with."""


@pytest.mark.timeout(1800)  # for all claims of a file
@pytest.mark.parametrize("claims", ["client_claims.py", pytest.param("contract_claims.py", marks=pytest.mark.long)])
def test_clients_in_qt_keep_what_they_claim(claims: str, tmp_path: Path) -> None:
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "base")]
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "pytest", *options, str(CLAIMS / claims)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode == CANNOT_BE_USED:
        pytest.skip(done.stdout.strip(" !\n"))
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_pyqt6_is_refused() -> None:
    program = "import sys; sys.modules['PyQt6.QtCore'] = sys; from localsocket.qt.binding import qt_core; qt_core()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ImportError: localsocket.qt works only with PySide6" in done.stderr
