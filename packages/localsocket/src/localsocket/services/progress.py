"""How far a method has come, as an item of its stream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """An item that a stream may yield among the others: `done` of `total` is done, and `text` says what is happening.

    `total` is None if it is not known. Someone who calls from a shell sees a progress bar instead of these items; other
    callers receive them like any item. Declare such a stream as `Iterator[Progress | Row]`.
    """

    done: float
    total: float | None = None
    text: str = ""
