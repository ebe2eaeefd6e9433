"""What a comparison starts is not measured with coverage: it is some forty programs, each of them slower for that."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def programs_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)
