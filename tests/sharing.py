"""How many processes share the tests."""

from __future__ import annotations

import pytest


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run named files in this process, where a debugger and print() work; else have one worker for each CPU."""
    named = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
    return 0 if named and all(".py" in each for each in named) else None
