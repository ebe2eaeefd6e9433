"""What a command prints: a table for a person at a terminal, aligned columns for a pipe, JSON for a program."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.table import Table
from rich.text import Text

from localsocket.cli.plain_text import TerminalText, escaped_json, one_line

_GAP = "  "


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
    if sys.stdout.isatty():
        Console().print(Text(text, style), soft_wrap=True, highlight=False)
    else:
        print_piece(f"{text}\n")


def print_value(text: str) -> None:
    """Print JSON that is fit to be shown, at a terminal, in colours."""
    Console().print(JSONHighlighter()(Text(text)), soft_wrap=True)


def print_json(text: str) -> None:
    """Print JSON that is fit to be shown, at once, and as JSON whatever the output's encoding lacks."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = escaped_json(text, is_ascii=True)
    print(text, flush=True)


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, styles: Sequence[Sequence[str]] = ()) -> None:
    """Print rows of any text, also of peers; `styles` are those of the cells, for a terminal. Nothing is cut off."""
    shown = [[one_line(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich(titles, shown, styles)
        return
    widths = [max(map(cell_len, column)) for column in zip(titles, *shown, strict=True)]
    for row in (titles, *shown):
        padded = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        print_piece(f"{_GAP.join(padded).rstrip()}\n")


def _print_rich(titles: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[Sequence[str]]) -> None:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    for number, row in enumerate(rows):
        row_styles = styles[number] if styles else [""] * len(row)
        # Text, for what a peer says is not to be taken for Rich's markup.
        table.add_row(*(Text(cell, style) for cell, style in zip(row, row_styles, strict=True)))
    Console().print(table)
