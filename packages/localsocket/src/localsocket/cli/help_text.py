"""What `--help` prints, in the width of the terminal."""

from __future__ import annotations

import inspect
import shutil
import textwrap
from collections.abc import Iterable

from localsocket.cli.declaring import Command, Declared
from localsocket.cli.exit_status import EXIT_STATUSES

_WIDEST = 100
_INDENT = 2


def help_of(command: Command) -> str:
    """Return the usage of a command, what it does, and its arguments and options."""
    documentation = inspect.cleandoc(command.function.__doc__ or "").splitlines()
    arguments = [(each.metavar, _told(each)) for each in command.arguments]
    options = [(_spelled(each), _told(each)) for each in command.parameters if each.names]
    parts = [
        wrapped(f"Usage: {command.usage} [OPTION]...", indent=7),
        "\n".join(wrapped(line) for line in documentation),
        columns("Arguments", arguments),
        columns("Options", [*options, ("-h, --help", "Show this.")]),
        wrapped(EXIT_STATUSES),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def wrapped(text: str, *, indent: int = 0) -> str:
    """Return a paragraph in the width of the terminal; lines but the first are indented."""
    return textwrap.fill(text, _width(), subsequent_indent=" " * indent, break_on_hyphens=False)


def columns(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """Return a title and a row for each name and what is told of it, side by side where there is room."""
    rows = list(rows)
    if not rows:
        return ""
    width = _width()
    room = min(max(len(name) for name, _ in rows), 30 if width >= 70 else 12) + 2 * _INDENT
    lines = [f"{title}:"]
    for name, told in rows:
        first = f"{' ' * _INDENT}{name}"
        if len(first) + _INDENT > room:
            lines.append(first)
            first = ""
        pad = " " * room
        lines.append(textwrap.fill(told, width, initial_indent=first.ljust(room), subsequent_indent=pad))
    return "\n".join(lines)


def _spelled(option: Declared) -> str:
    names = ", ".join(sorted(option.names, key=len))
    return names if option.is_flag else f"{names} {option.metavar}"


def _told(parameter: Declared) -> str:
    default = parameter.default
    if not parameter.names or default in (None, "", False):
        return parameter.told.help
    return f"{parameter.told.help} [default: {default}]"


def _width() -> int:
    return min(shutil.get_terminal_size().columns, _WIDEST) - 1
