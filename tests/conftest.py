"""What the tests of the repository as a whole get: its documents, benchmarks and packages."""

from __future__ import annotations

from leftovers import interruptible as interruptible
from leftovers import nothing_left_behind as nothing_left_behind
from leftovers import runtime_directory as runtime_directory
from leftovers import temporary_directories as temporary_directories
from sharing import pytest_collection_finish as pytest_collection_finish
from sharing import pytest_configure as pytest_configure
from sharing import pytest_xdist_auto_num_workers as pytest_xdist_auto_num_workers
