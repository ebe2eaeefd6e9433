"""What a command prints: a table for a person at a terminal, aligned columns for a pipe, JSON for a program.

Rich draws at a terminal, where it is installed; it is loaded for the first thing that is drawn.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import unicodedata
from collections.abc import Sequence
from io import TextIOWrapper

from localsocket.cli.plain_text import TerminalText, escaped_json, one_line

_GAP = "  "
_WITHOUT_CURSOR = ("", "dumb", "unknown")  # kinds of terminals
_NARROW = 60  # columns of a terminal, below which a table that does not fit is no table any more


def can_draw() -> bool:
    """Return whether the output is a terminal, and Rich is there to draw on it."""
    return sys.stdout.isatty() and importlib.util.find_spec("rich") is not None


def can_draw_again() -> bool:
    """Return whether the output is a terminal on which something can be drawn in place of what was there."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in _WITHOUT_CURSOR


def print_piece(text: str) -> None:
    """Print text that is fit to be shown, at once, with escapes for what the output's encoding lacks."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    print(text, end="", flush=True)


def print_raw(data: bytes) -> None:
    """Print what a peer sent: every byte of it, or what of it a terminal may be shown."""
    if sys.stdout.isatty():
        print_piece(TerminalText().feed(data, is_last=True))
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def print_styled(text: str, style: str = "") -> None:
    """Print a line that is fit to be shown, at a terminal in a style."""
    if not can_draw():
        print_piece(f"{text}\n")
        return
    from rich.console import Console
    from rich.text import Text

    Console().print(Text(text, style), soft_wrap=True, highlight=False)


def print_value(text: str) -> None:
    """Print JSON that is fit to be shown, at a terminal, in colours."""
    if not can_draw():
        print_piece(f"{text}\n")
        return
    from rich.console import Console
    from rich.highlighter import JSONHighlighter
    from rich.text import Text

    Console().print(JSONHighlighter()(Text(text)), soft_wrap=True)


def print_json(text: str) -> None:
    """Print JSON that is fit to be shown, at once, and as JSON whatever the output's encoding lacks."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = escaped_json(text, is_ascii=True)
    print(text, flush=True)


def print_table(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    styles: Sequence[Sequence[str]] = (),
    numbers: Sequence[str] = (),
) -> None:
    """Print rows of any text, also of peers, of which nothing is cut off.

    `styles` are those of the cells, for a terminal; `numbers` are the titles of columns that end at their right.
    """
    shown = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_width, column)) for column in zip(titles, *shown, strict=True)]
    if sys.stdout.isatty() and _columns() < min(_NARROW, sum(widths) + 3 * len(widths)):
        _print_records(titles, shown)
        return
    if can_draw():
        _print_rich(titles, shown, styles, numbers)
        return
    for row in (titles, *shown):
        padded = []
        for title, cell, width in zip(titles, row, widths, strict=True):
            pad = " " * (width - cell_width(cell))
            padded.append(pad + cell if title in numbers else cell + pad)
        print_piece(f"{_GAP.join(padded).rstrip()}\n")


def _columns() -> int:
    import shutil  # which loads what compresses files, for whoever types at a pipe

    return shutil.get_terminal_size().columns


def _print_records(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print each row by itself, for a terminal in which columns have no room."""
    for row in rows:
        print_styled(row[0], "bold")
        for title, cell in zip(titles[1:], row[1:], strict=True):
            if cell:
                print_styled(f"  {title}: {cell}")


def cell_width(text: str) -> int:
    """Return how many columns of a terminal the text takes: two for a wide letter, none for one that is put on top."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def _print_rich(
    titles: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[Sequence[str]], numbers: Sequence[str]
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold", justify="right" if title in numbers else "left")
    for number, row in enumerate(rows):
        row_styles = styles[number] if styles else [""] * len(row)
        # Text, for what a peer says is not to be taken for Rich's markup.
        table.add_row(*(Text(cell, style) for cell, style in zip(row, row_styles, strict=True)))
    Console().print(table)
