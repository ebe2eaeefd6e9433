"""How many processes share the tests, and what each spares itself."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled code in pytest's cache where the environment wants none beside the sources.

    Else every worker, and each of hundreds of programs that tests start, compiles all it imports anew.
    """
    if not sys.dont_write_bytecode or not config.pluginmanager.has_plugin("cacheprovider"):
        return
    with contextlib.suppress(OSError):  # a tree that nobody may write to
        sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(config.cache.mkdir("bytecode"))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        sys.dont_write_bytecode = False


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run named files in this process, where a debugger and print() work; else have one worker for each CPU."""
    named = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
    return 0 if named and all(".py" in each for each in named) else None


def pytest_collection_finish() -> None:
    """Have the garbage collector leave alone what is there now: thousands of tests, of which nothing will be garbage.

    A test that forgets something on purpose collects, and would look at all of them each time.
    """
    gc.collect()
    gc.freeze()
