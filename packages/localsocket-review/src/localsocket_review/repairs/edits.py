"""Changes of a file's text, by the bytes that they replace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from localsocket_review.findings import Finding
from localsocket_review.model.place import Place


class Edit(NamedTuple):
    """The bytes from `start` up to `end` of a file become `text`; equal ones of several repairs are made once."""

    file: str
    start: int
    end: int
    text: bytes


class Repair(NamedTuple):
    """What makes a finding go, all of it or, of a finding that lists places, those in `places`."""

    finding: Finding
    edits: tuple[Edit, ...]
    places: tuple[Place, ...]


def collides(edits: Iterable[Edit], others: Iterable[Edit]) -> bool:
    """Say whether two sets of edits change the same stretch in two ways."""
    others = tuple(others)
    return any(
        one != other and one.file == other.file and one.start < other.end and other.start < one.end
        for one in edits
        for other in others
    )


def edited(data: bytes, edits: Iterable[Edit]) -> bytes:
    """Return the bytes of a file with the edits made, none of which may collide."""
    for edit in sorted(set(edits), key=lambda one: (one.start, one.end), reverse=True):
        data = data[: edit.start] + edit.text + data[edit.end :]
    return data
