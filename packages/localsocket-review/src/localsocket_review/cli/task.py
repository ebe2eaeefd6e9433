"""What one review is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Task:
    """What is read, and what of it is told: what a baseline or a revision does not know, and concerns `about`."""

    paths: tuple[Path, ...]
    about: tuple[Path, ...] = ()
    baseline: Path | None = None
    diff: str = ""
    new_baseline: Path | None = None
    is_telling_unused: bool = False
