"""Commands called in this process, and run as programs; a terminal to show them on."""

from __future__ import annotations

import logging
import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

import pytest

from localsocket.cli.app import run as run_words
from localsocket.testing import wait_until

COMMAND = [sys.executable, "-W", "error", "-m", "localsocket"]


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    output: str
    errors: str


Command = Callable[..., Ended]


@pytest.fixture
def status_of() -> Callable[..., int]:
    """Call a command in this process and return its exit status."""

    def call(*arguments: object) -> int:
        try:
            run_words([str(argument) for argument in arguments])
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return call


@pytest.fixture
def command(status_of: Callable[..., int], capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Call a command in this process, as one whose output is piped; bytes that are no text come as surrogates."""

    def call(*arguments: object) -> Ended:
        capsysbinary.readouterr()
        status = status_of(*arguments)
        output, errors = capsysbinary.readouterr()
        return Ended(status, output.decode("utf-8", "surrogateescape"), errors.decode())

    return call


@pytest.fixture
def serve(command: Command) -> Iterator[Command]:
    """Call `localsocket serve` as in a process where nobody has set up logging."""
    root = logging.getLogger()
    level = root.level

    def call(*arguments: object) -> Ended:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(root, "handlers", [])  # pytest's, too
            return command("serve", *arguments)

    yield call
    root.setLevel(level)


@pytest.fixture
def signal_when_waiting() -> Callable[[int], None]:
    """Send this process a signal once its main thread sleeps: just before, the signal would not end the sleep."""

    def send(number: int) -> None:
        wait_until(main_thread_sleeps, "the main thread to sleep")
        os.kill(os.getpid(), number)

    return send


def main_thread_sleeps() -> bool:
    with open(f"/proc/self/task/{os.getpid()}/stat", encoding="ascii") as status:
        state = status.read().rpartition(")")[2].split()[0]
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    return state == "S" and frame is not None and frame.f_code.co_name == "wait"


# What a peer may say to take over a terminal: set its title, clear it, turn words around, overwrite them, end the line,
# and what Rich would take for its own markup.
HOSTILE = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202e\x7f\x08\r\n\t[bold]end"

_STYLES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def hostile() -> str:
    return HOSTILE


@pytest.fixture
def check_harmless() -> Callable[[str], None]:
    """Fail for output in which something of HOSTILE is other than visible; Rich's own styles are allowed for."""

    def check(shown: str) -> None:
        assert r"\x1b]0;owned" in shown or r"\u001b]0;owned" in shown, shown
        assert "[bold]end" in shown
        assert "\x1b[31m" not in shown
        hidden = {letter for letter in _STYLES.sub("", shown) if not letter.isprintable()}
        assert hidden <= {"\n"}, shown

    return check


class Terminal:
    """A terminal of 300 columns; shown() is what programs have written to it."""

    def __init__(self) -> None:
        self._controller, self.descriptor = pty.openpty()

    def shown(self) -> str:
        """Close the terminal and return everything that was shown, without its carriage returns."""
        os.close(self.descriptor)
        self.descriptor = -1
        pieces = []
        while True:
            try:
                piece = os.read(self._controller, 65536)
            except OSError:  # Linux says EIO when the last program has left the terminal
                break
            if not piece:
                break
            pieces.append(piece)
        return b"".join(pieces).decode().replace("\r\n", "\n")

    def close(self) -> None:
        os.close(self._controller)
        if self.descriptor >= 0:
            os.close(self.descriptor)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "300")
    terminal = Terminal()
    yield terminal
    terminal.close()


OnTerminal = Callable[..., tuple[int, str]]


@pytest.fixture
def on_terminal(status_of: Callable[..., int], terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> OnTerminal:
    """Call a command in this process with its output on a terminal; return its status and what was shown."""

    def call(*arguments: object, encoding: str = "utf-8") -> tuple[int, str]:
        with os.fdopen(os.dup(terminal.descriptor), "w", encoding=encoding) as output, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", output)
            status = status_of(*arguments)
        return status, terminal.shown()

    return call


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Run a command as a program, with pipes unless told otherwise; it is gone at the end."""
    programs: list[subprocess.Popen[bytes]] = []

    def run(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
        pipes: dict[str, int | IO[bytes]] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        program = subprocess.Popen([*COMMAND, *map(str, arguments)], **{**pipes, **options})
        programs.append(program)
        return program

    yield run
    for program in programs:
        program.kill()
        program.wait()
        for pipe in (program.stdin, program.stdout, program.stderr):
            if pipe is not None:
                pipe.close()
