"""Directories for the names of one test, which nobody else uses meanwhile."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

_VARIABLE = "XDG_RUNTIME_DIR"
_SHORT = "/tmp"  # noqa: S108 # the path of a socket has at most 103 bytes on macOS, and pytest's tmp_path alone may be longer


@contextlib.contextmanager
def private_directory() -> Iterator[Path]:
    """Give a directory with a short path that only this user may enter; at the end it is removed."""
    parent = _SHORT if os.path.isdir(_SHORT) else None
    with tempfile.TemporaryDirectory(prefix="ls-", dir=parent, ignore_cleanup_errors=True) as directory:
        yield Path(directory)


@contextlib.contextmanager
def runtime_directory() -> Iterator[Path]:
    """Keep names such as `demo.calc` in a separate directory, and yield its path.

    It applies to this process, with all its threads, and to processes that it starts, until the block ends: it is
    `$XDG_RUNTIME_DIR`. Abstract addresses and `qt:name` are not affected.
    """
    before = os.environ.get(_VARIABLE)
    with private_directory() as directory:
        os.environ[_VARIABLE] = str(directory)
        try:
            yield directory
        finally:
            if before is None:
                del os.environ[_VARIABLE]
            else:
                os.environ[_VARIABLE] = before
