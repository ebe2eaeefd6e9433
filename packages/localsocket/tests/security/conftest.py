"""What the tests of this folder share."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from localsocket.blocking import waiting


@pytest.fixture
def public_directory() -> Iterator[Path]:
    """A directory that every user may enter and write to, as /tmp is; what is left in it fails the test."""
    directory = Path(tempfile.mkdtemp(prefix="ls-public-", dir="/tmp"))
    directory.chmod(0o1777)
    yield directory
    left = os.listdir(directory)
    shutil.rmtree(directory)
    assert not left


@pytest.fixture(autouse=True)
def every_wait_has_ended() -> Iterator[None]:
    """Close the wakers that are kept for the next wait, which are no leak."""
    yield
    while waiting._idle_wakers:
        waiting._idle_wakers.pop().close()
