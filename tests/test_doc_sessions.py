"""The shell sessions of the documentation are true: they are typed into shells on terminals, which show the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from repository import DOCS
from sessions import go_through

PAGES = ["../README.md", "tutorial.md", "single-instance.md"]


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES)
def test_what_is_typed_is_answered_as_the_page_shows(page: str, tmp_path: Path) -> None:
    go_through((DOCS / page).read_text(encoding="utf-8"), tmp_path)
