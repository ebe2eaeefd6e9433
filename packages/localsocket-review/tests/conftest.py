"""What every test of the reviewer gets: directories for each file of tests, and a cache of its own."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from leftovers import interruptible as interruptible
from leftovers import nothing_left_behind as nothing_left_behind
from sharing import pytest_collection_finish as pytest_collection_finish
from sharing import pytest_configure as pytest_configure
from sharing import pytest_xdist_auto_num_workers as pytest_xdist_auto_num_workers

_NUMBERS = itertools.count()


@pytest.fixture(scope="module", autouse=True)
def runtime_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give each file of tests directories of its own: one for each of so many tests would take as long as the tests."""
    base = tmp_path_factory.mktemp("review")
    runtime, temporary = base / "run", base / "tmp"
    runtime.mkdir(mode=0o700)
    temporary.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", str(temporary))
        yield runtime


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test use the cache of another, or of the person who runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / f"cache-{next(_NUMBERS)}"))
