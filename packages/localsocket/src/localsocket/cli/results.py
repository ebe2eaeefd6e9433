"""What a method gives, or a topic, as it is printed: in colours or as a table for a person, as JSON for a program."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from localsocket.cli.exit_status import WrongUsage
from localsocket.cli.output import print_json, print_raw, print_table, print_value
from localsocket.cli.plain_text import json_text
from localsocket.cli.progress_bar import ProgressBar

_PROGRESS = "Progress"  # what the type is called on the wire, where it says so
_MOST_COLUMNS = 12
_LONGEST_INNER = 40  # characters of a list or an object within a row


class ResultPrinter:
    """Prints results and items, in the form that the options say. Raises WrongUsage where they contradict."""

    def __init__(self, as_json: bool, raw: bool) -> None:
        if as_json and raw:
            raise WrongUsage("--json and --raw cannot be combined")
        self._as_json = as_json
        self._raw = raw

    def result(self, value: object) -> None:
        """Print the one thing that a method gives."""
        if not self._as_json and not self._raw and sys.stdout.isatty() and (rows := _rows(value)):
            _print_rows(rows)
        else:
            self._print(value, indent=2)

    def items(self, items: Iterable[Any], type_name: str = "") -> None:
        """Print each item on a line as it comes; Progress is drawn, unless a program asks for JSON.

        Where the items go into a pipe or a file, a person is shown how many there were.
        """
        counts = not sys.stdout.isatty()
        with ProgressBar(seconds=0.1) as bar:
            count = 0
            for item in items:
                if not self._as_json and _is_progress(item, type_name):
                    bar.draw(item["done"], item["total"], item["text"])
                    continue
                if not counts:
                    bar.clear()
                self._print(item)
                count += 1
                if counts:
                    bar.count(count)

    def _print(self, value: object, *, indent: int | None = None) -> None:
        if self._raw and isinstance(value, bytes):
            print_raw(value)
        elif self._raw and isinstance(value, str):
            print_raw(f"{value}\n".encode())
        elif self._as_json or not sys.stdout.isatty():
            print_json(json_text(value))
        else:
            print_value(json_text(value, indent=indent))


def _is_progress(item: Any, type_name: str) -> bool:
    if not isinstance(item, dict) or item.keys() - {"type"} != {"done", "total", "text"}:
        return False
    # Among dataclasses each says which it is; beside a string, say, it is the only one that can look like this.
    is_one = item["type"] == _PROGRESS if "type" in item else _PROGRESS in type_name.split(" | ")
    return is_one and isinstance(item["done"], (int, float)) and isinstance(item["total"], (int, float, type(None)))


def _rows(value: object) -> list[dict[str, Any]]:
    """Return a list of objects that a table has room for, or nothing."""
    if not isinstance(value, list) or not value or not all(isinstance(row, dict) and row for row in value):
        return []
    titles = {title for row in value for title in row}
    inner = [cell for row in value for cell in row.values() if isinstance(cell, (dict, list))]
    fits = all(len(json_text(cell)) <= _LONGEST_INNER for cell in inner)
    return value if fits and len(titles) <= _MOST_COLUMNS and all(isinstance(title, str) for title in titles) else []


def _print_rows(rows: list[dict[str, Any]]) -> None:
    titles = list(dict.fromkeys(title for row in rows for title in row))
    numbers = [title for title in titles if all(_is_number(row.get(title)) for row in rows)]
    cells = [[_cell(row[title]) if title in row else "" for title in titles] for row in rows]
    print_table(titles, cells, numbers=numbers)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json_text(value)
