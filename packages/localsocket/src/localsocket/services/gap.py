"""Messages of a topic that a subscriber misses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages of `topic` are missing before the one that a subscription gives next: `missing` says how many.

    It is None where nobody can know, and then none need be missing: after a reconnection to another server than before,
    which numbers anew, or to one that does not number.
    """

    topic: str
    missing: int | None


OnGap: TypeAlias = Callable[[Gap], object]
"""What is told of gaps, by whoever takes the messages."""
