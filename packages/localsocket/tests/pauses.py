"""The pauses of one module of ours, made by a test in place of the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest


def pause_by(pause: Callable[[float], object], module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `module` call `pause` in place of `time.sleep`; whatever else the process runs sleeps as ever."""
    monkeypatch.setattr(f"{module}.time", SimpleNamespace(**{**vars(time), "sleep": pause}))
