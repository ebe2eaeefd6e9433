"""The windows of examples/ show what a service does: Qt's without a screen, tkinter's on one that is not there."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


IMPORT_ERROR = re.compile(r"^(?:ImportError|ImportWarning|ModuleNotFoundError): (?P<reason>.+)\n\Z", re.MULTILINE)


def run(*command: str | Path, **variables: str) -> str:
    """Return what it prints; skips where something of a window cannot be loaded."""
    done = subprocess.run(
        [str(part) for part in command], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if missing := IMPORT_ERROR.search(done.stderr):
        pytest.skip(missing["reason"])
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.long
def test_the_window_of_qt_follows_a_job_and_a_topic(tmp_path: Path) -> None:
    picture = tmp_path / "jobs.png"
    shown = run(
        sys.executable, "-W", "error", EXAMPLES / "qt_jobs.py", "--picture", picture, QT_QPA_PLATFORM="offscreen"
    )
    assert shown.splitlines() == [
        "job 1: demo has begun",
        *[f"job 1: {percent} % of demo" for percent in (0, 25, 50)],
        *(["job 1: 75 % of demo"] if "75 %" in shown else []),
        *(["job 1: 100 % of demo"] if "100 %" in shown else []),
        "job 1: cancelled",
    ]
    header = picture.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    assert struct.unpack(">II", header[16:]) == (420, 300)


@pytest.mark.long
def test_the_window_of_tkinter_follows_a_job() -> None:
    if (screen := shutil.which("xvfb-run")) is None:
        pytest.skip("there is no Xvfb for a window of tkinter")
    assert run(screen, "-a", sys.executable, "-W", "error", EXAMPLES / "tk_jobs.py", "--once") == "done 100\n"
