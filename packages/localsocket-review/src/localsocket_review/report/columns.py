"""Where a place stands in the text of its line: readers count bytes, people and other tools count characters."""

from __future__ import annotations

from localsocket_review.model.place import Place


def line_of(source: str, number: int) -> str:
    """Return a line of a file, counted as the readers do: only line feeds end one."""
    lines = source.split("\n", number)
    return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


def character_column(line: str, column: int) -> int:
    """Return the column in characters for one in bytes; both count from 1."""
    return 1 + len(line.encode("utf-8", "replace")[: max(column - 1, 0)].decode("utf-8", "ignore"))


def stretch(place: Place, line: str) -> tuple[int, int]:
    """Return where in its first line a place begins and ends, as indices of characters; never an empty stretch."""
    first = character_column(line, place.column) - 1
    last = character_column(line, place.end_column) - 1 if place.end_line == place.line else len(line)
    return first, max(last, min(first + 1, len(line)))
