"""How many processes share the tests, and what each spares itself."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import sys
import tempfile

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Set up what this process and those that it starts need."""
    if sys.dont_write_bytecode and config.pluginmanager.has_plugin("cacheprovider"):
        keep_compiled_code(config)
    configure_hypothesis()
    if are_files_named(config):
        # Whoever names a file wants all of it.
        config.option.markexpr = config.option.markexpr.replace(" and not long", "")


def keep_compiled_code(config: pytest.Config) -> None:
    """Keep compiled code in pytest's cache where the environment wants none beside the sources.

    Else every worker, and each of hundreds of programs that tests start, compiles all it imports anew.
    """
    with contextlib.suppress(OSError):  # a tree that nobody may write to
        kept = config.cache.mkdir("bytecode")
        for folder in (kept / tempfile.gettempdir().lstrip("/")).glob("pytest-of-*"):
            shutil.rmtree(folder, ignore_errors=True)  # of what earlier runs have written, under other names each
        sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(kept)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        sys.dont_write_bytecode = False


def configure_hypothesis() -> None:
    """Let property tests search anew at each run of a developer, and repeat themselves where a change is judged."""
    from hypothesis import HealthCheck, settings  # not before its compiled code is kept: pytest rewrites all of it

    slow_machine = [HealthCheck.too_slow]  # which is no fault of what it makes
    settings.register_profile("local", deadline=None, suppress_health_check=slow_machine)
    settings.register_profile("ci", deadline=None, suppress_health_check=slow_machine, derandomize=True)
    settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run named files in this process, where a debugger and print() work; else have a worker more than there are CPUs.

    A fifth of the tests' time they wait: for deadlines, for other processes, for the disk.
    """
    if are_files_named(config):
        return 0
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return _available_cpus() + 1


def are_files_named(config: pytest.Config) -> bool:
    """Tell whether the command names files, or tests in them, and nothing larger."""
    named = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
    return bool(named) and all(".py" in each for each in named)


def _available_cpus() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def pytest_collection_finish() -> None:
    """Have the garbage collector leave alone what is there now: thousands of tests, of which nothing will be garbage.

    A test that forgets something on purpose collects, and would look at all of them each time.
    """
    try_a_property()
    gc.collect()
    gc.freeze()


def try_a_property() -> None:
    """Have hypothesis make what its first property makes.

    One that is derandomized makes a generator of random numbers, and warns where nobody holds that: hypothesis would
    not see who does if that were frozen already.
    """
    from hypothesis import given, settings
    from hypothesis.strategies import none

    @settings(max_examples=1, database=None, derandomize=True)
    @given(none())
    def hold(_: None) -> None:
        """Hold for whatever is given."""

    hold()
