"""What the site's menu leads to."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias, Union

Entry: TypeAlias = dict[str, Union[str, "list[Entry]"]]
"""A title, and its page, or the entries below it."""


def read_navigation(configuration: Path) -> list[Entry]:
    navigation: list[Entry] = tomllib.loads(configuration.read_text(encoding="utf-8"))["project"]["nav"]
    return navigation


def files_in(navigation: list[Entry]) -> Iterator[str]:
    """Give the file of each page, in order."""
    for entry in navigation:
        for inside in entry.values():
            if isinstance(inside, str):
                yield inside
            else:
                yield from files_in(inside)
