"""A program that serves an address, and how it is started: what a caller says, checked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Daemon:
    """A program that serves an address, started when somebody connects and no server is running.

    `command` is the program and its arguments, without a shell. `directory` is where it runs, by default its starter's
    directory. `environment` adds variables to those of its starter. `log` is the file to which its output and errors
    are appended; by default a hidden file beside the socket, `.NAME.log`, which is emptied at each start; os.devnull
    keeps nothing.

    It runs in its own session with empty standard input, and inherits one descriptor besides its standard streams: the
    lock that keeps others from starting a second one before it listens.
    """

    command: Sequence[str | os.PathLike[str]]
    directory: str | os.PathLike[str] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    log: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "command", check_command(self.command))


def check_command(command: Sequence[str | os.PathLike[str]]) -> tuple[str, ...]:
    """Return a program and its arguments. Raises TypeError or ValueError for what is no command."""
    if isinstance(command, (str, bytes)) or not isinstance(command, Sequence):
        kind = type(command).__name__
        raise TypeError(f'a command is a list of strings, such as [sys.executable, "-m", "shop"], not {kind}')
    if not command:
        raise ValueError("a command must name a program, and this one is empty")
    return tuple(os.fspath(part) for part in command)


Startable: TypeAlias = Daemon | Sequence[str | os.PathLike[str]]
"""A Daemon, or just its command."""


def check_daemon(start: Startable | None) -> Daemon | None:
    """Return the Daemon that `start` stands for. Raises TypeError or ValueError for what is no command."""
    return start if start is None or isinstance(start, Daemon) else Daemon(start)
