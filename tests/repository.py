"""The documents that tests hold against the code. A source package has a copy of them, beside its tests."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = next(folder for folder in Path(__file__).resolve().parents if (folder / "docs").is_dir())
DOCS = ROOT / "docs"

whole_repository = pytest.mark.skipif(
    not (ROOT / "packages").is_dir(), reason="about the repository, of which a source package is a part"
)
