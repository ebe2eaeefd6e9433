"""How far a method has come, as an item of its stream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """An item that a stream may yield among the others: `done` of `total` is done, and `text` says what is under way.

    Where nobody knows the total it is None. A person who calls from a shell sees a bar instead of these items; other
    callers get them as they are. Declare such a stream as `Iterator[Progress | Row]`.
    """

    done: float
    total: float | None = None
    text: str = ""
