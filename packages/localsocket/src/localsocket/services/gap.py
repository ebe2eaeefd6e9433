"""Messages of a topic that a subscriber misses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages of `topic` are missing before the next one that the subscription returns; `missing` is how many.

    `missing` is None if the number cannot be known, and then it may be none: after reconnecting to a new server, which
    counts from the start, or to one that does not number its messages.
    """

    topic: str
    missing: int | None


OnGap: TypeAlias = Callable[[Gap], object]
"""What is told of gaps, by whoever takes the messages."""
