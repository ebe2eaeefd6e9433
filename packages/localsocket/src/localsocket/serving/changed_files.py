"""Files that are looked at again and again: whether one of them has changed."""

from __future__ import annotations

import os
from collections.abc import Iterable


class ChangedFiles:
    """Tells of files that were written or replaced; one that is away for a moment has not changed until it is back."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int, int]] = {}

    def watch(self, paths: Iterable[str]) -> None:
        """Look at these, too; those that are looked at already keep what was seen of them."""
        for path in paths:
            if path not in self._seen and (status := _look(path)) is not None:
                self._seen[path] = status

    def changed(self) -> list[str]:
        """Return those that have changed since this was asked last."""
        changed = []
        for path, before in self._seen.items():
            if (now := _look(path)) is not None and now != before:
                self._seen[path] = now
                changed.append(path)
        return changed


def _look(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
